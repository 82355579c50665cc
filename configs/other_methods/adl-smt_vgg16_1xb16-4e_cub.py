# ADL with L_SMT and ACAM, VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200, loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4), top_k=None))
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.features.9', 'backbone.features.13', 'backbone.features.16'],
        drop_rate=0.75,
        gamma=0.8,
    )
]
