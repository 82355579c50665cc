# Attention-based dropout layer, VGG16 on CUB; Table 1: GT-known 75.4, Top-1 LOC 52.4.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/adl_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_dataloader = dict(batch_size=32)
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.features.9', 'backbone.features.13', 'backbone.features.16'],
        drop_rate=0.75,
        gamma=0.8,
    )
]
