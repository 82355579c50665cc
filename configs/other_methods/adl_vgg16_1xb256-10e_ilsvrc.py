# Attention-based dropout layer, VGG16 on ILSVRC2012; Table 3: Top-1 LOC 44.9.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/adl_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
train_dataloader = dict(batch_size=256)
custom_hooks = [
    dict(
        type='sltnet_mm.ADLHook',
        layers=['backbone.features.9', 'backbone.features.13', 'backbone.features.16'],
        drop_rate=0.75,
        gamma=0.8,
    )
]
