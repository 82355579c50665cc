# DANet: species, family and order, GoogLeNet on CUB; Table 2: Top-1 LOC 49.5.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/datasets/cub_hierarchy.py',
    '../_base_/schedules/danet_100e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(end=None, taps=('inception3b', 'inception4c', 'inception4e')),
    head=dict(
        type='sltnet_mm.DANetHead',
        num_classes=200,
        hierarchy=_base_.hierarchy,
        level_channels=(480, 512, 832),
        level_convs=(512, 1024, 1024),
        group=8,
        conv_channels=(),
    ),
)
train_dataloader = dict(batch_size=30)
