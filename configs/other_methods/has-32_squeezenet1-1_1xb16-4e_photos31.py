# Hide-and-Seek, cells of 32 pixels, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.HidePatches', grid_size=32, hide_prob=0.5, fill=(103.939, 116.779, 123.68)),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
