# PSOL's own head, loss and crops on its boxes (DDT), SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/regressor_squeezenet1-1.py',
    '../_base_/datasets/photos31_pseudo_boxes.py',
    '../_base_/schedules/psol_6e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
model = dict(bbox_head=dict(_delete_=True, type='sltnet_mm.PSOLHead', in_channels=512))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='sltnet_mm.RandomSizedCrop', size=224),
    dict(type='PackDetInputs', meta_keys=_base_.meta_keys),
]
train_dataloader = dict(
    batch_size=16,
    dataset=dict(boxes='work_dirs/ddt_squeezenet1-1_photos31/pseudo_boxes.json', pipeline=train_pipeline),
)
