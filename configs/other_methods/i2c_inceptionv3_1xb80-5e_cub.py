# I2C: pairs of a class, InceptionV3 on CUB; Table 2: GT-known 72.6, Top-1 LOC 56.0.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/cub_localization_299.py',
    '../_base_/schedules/i2c_5e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.I2CHead', num_classes=200, conv_channels=(1024, 1024)))
train_dataloader = dict(batch_size=80, sampler=dict(type='sltnet_mm.SameClassPairs'))
# It continues a CAM, whose head is the same but for the bank.
load_from = 'work_dirs/cam_inceptionv3_1xb16-50e_cub/epoch_50.pth'
default_hooks = dict(checkpoint_fit=dict(may_miss=('head.',)))
