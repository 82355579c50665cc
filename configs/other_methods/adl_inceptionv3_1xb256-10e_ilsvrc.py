# Attention-based dropout layer, InceptionV3 on ILSVRC2012; Table 4: Top-1 LOC 48.7.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/adl_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
train_dataloader = dict(batch_size=256)
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.Mixed_5d', 'backbone.Mixed_6e', 'head.convs.3'],
        drop_rate=0.75,
        gamma=0.9,
    )
]
