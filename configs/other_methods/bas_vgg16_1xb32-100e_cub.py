# Background activation suppression, VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    type='sltnet_mm.BASClassifier',
    mask_layer='backbone.features.12',  # conv4_3
    mask_channels=512,
    foreground_weight=0.0,
    head=dict(num_classes=200, conv_channels=(1024, 1024)),
)
train_dataloader = dict(batch_size=32)
