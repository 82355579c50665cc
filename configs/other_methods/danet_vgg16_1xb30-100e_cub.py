# DANet: species, family and order, VGG16 on CUB; Table 1: Top-1 LOC 52.5.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/datasets/cub_hierarchy.py',
    '../_base_/schedules/danet_100e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(out_indices=(2, 3, 4)),
    head=dict(
        type='sltnet_mm.DANetHead',
        num_classes=200,
        hierarchy=_base_.hierarchy,
        level_channels=(256, 512, 512),
        level_convs=(512, 1024, 1024),
        group=8,
        conv_channels=(),
    ),
)
train_dataloader = dict(batch_size=30)
