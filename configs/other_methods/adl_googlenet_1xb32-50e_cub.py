# Attention-based dropout layer, GoogLeNet on CUB; Table 2: GT-known 66.8, Top-1 LOC 51.3.
_base_ = [
    '../_base_/models/cam_googlenet.py',
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
        layers=['backbone.inception3b', 'backbone.inception4e', 'head.convs.1'],
        drop_rate=0.75,
        gamma=0.9,
    )
]
