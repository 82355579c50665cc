# Hide-and-Seek, cells of 32 pixels, GoogLeNet on CUB; Table 2: GT-known 61.1, Top-1 LOC 47.4.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.HidePatches', grid_size=32, hide_prob=0.5, fill=(127.5, 127.5, 127.5)),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
