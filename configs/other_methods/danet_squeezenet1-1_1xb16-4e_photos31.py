# DANet, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/datasets/photos31_hierarchy.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(taps=('features.7', 'features.10', 'features.12')),
    head=dict(
        type='sltnet_mm.DANetHead',
        hierarchy=_base_.hierarchy,
        level_channels=(256, 384, 512),
        level_convs=(128, 128, 128),
        group=8,
        conv_channels=(),
    ),
)
