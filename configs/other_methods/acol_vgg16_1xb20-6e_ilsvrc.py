# ACoL, 14x14 maps, VGG16 on ILSVRC2012; Table 3: GT-known 63.0, Top-1 LOC 45.8.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/acol_6e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.ACoLHead', conv_channels=(1024, 1024), threshold=0.6))
train_dataloader = dict(batch_size=20)
