# ACoL, 14x14 maps, VGG16 on CUB; Table 1: GT-known 59.3, Top-1 LOC 45.9.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/acol_60e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.ACoLHead', num_classes=200, conv_channels=(1024, 1024), threshold=0.6))
train_dataloader = dict(batch_size=20)
