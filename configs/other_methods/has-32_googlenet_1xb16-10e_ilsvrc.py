# Hide-and-Seek, cells of 32 pixels, GoogLeNet on ILSVRC2012; Table 4: GT-known 60.3, Top-1 LOC 45.2.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.HidePatches', grid_size=32, hide_prob=0.5, fill=(127.5, 127.5, 127.5)),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
