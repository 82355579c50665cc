# SLT-Net's regressor trained offline on a localizer's pseudo boxes of the embedded data (Sec. 3.1). Write them first:
# python tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_small-conv_1xb32-10e_synthetic.py CHECKPOINT
#   --out work_dirs/pseudo_boxes_synthetic.json
# Others: --cfg-options train_dataloader.dataset.boxes=FILE
_base_ = [
    '../_base_/models/regressor_small-conv.py',
    '../_base_/datasets/synthetic_localization.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='sltnet_mm.PseudoBoxDataset',
        dataset=_base_.train_dataloader.dataset,
        boxes='work_dirs/pseudo_boxes_synthetic.json',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='sltnet_mm.ResizeCrop', resize=64, flip_prob=0.5),
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
)
