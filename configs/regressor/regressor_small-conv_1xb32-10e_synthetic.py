# The regressor trained offline on pseudo boxes of the embedded data: write them first with
# tools/generate_pseudo_boxes.py.
_base_ = [
    '../_base_/models/regressor_small-conv.py',
    '../_base_/datasets/synthetic_localization.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
pseudo_boxes = 'work_dirs/pseudo_boxes_synthetic.json'
class_names = tuple(
    f'{mark}_{body}' for mark in ('red', 'yellow', 'blue', 'white', 'green', 'magenta') for body in ('bird', 'fish')
)
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CocoDataset',
        ann_file=pseudo_boxes,
        data_prefix=dict(img=''),
        metainfo=dict(classes=class_names),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='sltnet_mm.ResizeCrop', resize=64, flip_prob=0.5),
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
)
