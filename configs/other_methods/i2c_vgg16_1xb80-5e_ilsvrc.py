# I2C: pairs of a class, VGG16 on ILSVRC2012; Table 3: GT-known 63.9, Top-1 LOC 47.4.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/i2c_5e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.I2CHead', conv_channels=(1024, 1024), average=3))
train_dataloader = dict(batch_size=80, sampler=dict(type='sltnet_mm.SameClassPairs'))
