# PSOL's own head, loss and crops on its boxes (DDT), InceptionV3 on CUB.
_base_ = [
    '../_base_/models/regressor_inceptionv3.py',
    '../_base_/datasets/cub_pseudo_boxes_299.py',
    '../_base_/schedules/psol_6e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
model = dict(bbox_head=dict(_delete_=True, type='sltnet_mm.PSOLHead', in_channels=768))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='sltnet_mm.RandomSizedCrop', size=299),
    dict(type='PackDetInputs', meta_keys=_base_.meta_keys),
]
train_dataloader = dict(
    batch_size=256,
    dataset=dict(boxes='work_dirs/ddt_vgg16_cub/pseudo_boxes.json', pipeline=train_pipeline),
)
