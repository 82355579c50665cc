# ACoL, 14x14 maps, GoogLeNet on ILSVRC2012; Table 4: Top-1 LOC 46.7.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/acol_6e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(type='sltnet_mm.ACoLHead', conv_channels=(1024, 1024), threshold=0.6))
train_dataloader = dict(batch_size=20)
