# Self-produced guidance, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(taps=('features.7', 'features.12')),
    head=dict(type='sltnet_mm.SPGHead', branch_channels=(256, 512), cam_thresholds=(0.01, 0.7)),
)
