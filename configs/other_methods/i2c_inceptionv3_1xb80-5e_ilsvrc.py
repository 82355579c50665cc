# I2C: pairs of a class, InceptionV3 on ILSVRC2012; Table 4: GT-known 68.5, Top-1 LOC 53.1.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/i2c_5e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.I2CHead', conv_channels=(1024, 1024)))
train_dataloader = dict(batch_size=80, sampler=dict(type='sltnet_mm.SameClassPairs'))
# It continues a CAM, whose head is the same but for the bank.
load_from = 'work_dirs/cam_inceptionv3_1xb16-10e_ilsvrc/epoch_10.pth'
default_hooks = dict(checkpoint_fit=dict(may_miss=('head.',)))
