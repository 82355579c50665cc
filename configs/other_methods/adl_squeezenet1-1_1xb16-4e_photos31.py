# Attention-based dropout layer, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.features.8', 'backbone.features.12'],
        drop_rate=0.75,
        gamma=0.8,
    )
]
