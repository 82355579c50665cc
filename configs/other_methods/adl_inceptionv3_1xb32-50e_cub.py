# Attention-based dropout layer, InceptionV3 on CUB; Table 2: Top-1 LOC 53.0.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/cub_localization_299.py',
    '../_base_/schedules/adl_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_dataloader = dict(batch_size=32)
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.Mixed_5d', 'backbone.Mixed_6e', 'head.convs.3'],
        drop_rate=0.75,
        gamma=0.9,
    )
]
