# Hide-and-Seek with L_VST, VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/hooks/vst.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.HidePatches', grid_size=32, hide_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
