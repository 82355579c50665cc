# SLT-Net's regressor trained offline on a localizer's pseudo boxes of photos31 (Sec. 3.1). Write them first:
# python tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_squeezenet1-1_1xb16-4e_photos31.py CHECKPOINT
#   --out work_dirs/pseudo_boxes_photos31.json
# Others: --cfg-options train_dataloader.dataset.boxes=FILE
_base_ = [
    '../_base_/models/regressor_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='sltnet_mm.PseudoBoxDataset',
        dataset=_base_.train_dataloader.dataset,
        boxes='work_dirs/pseudo_boxes_photos31.json',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(_delete_=True, bbox_head=dict(lr_mult=10))))
