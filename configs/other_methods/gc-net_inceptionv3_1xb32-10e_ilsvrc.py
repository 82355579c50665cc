# GC-Net with the formula of the ellipse, InceptionV3 on ILSVRC2012; Table 4: Top-1 LOC 49.1.
_base_ = [
    '../_base_/models/gc-net_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/gc-net_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(classifier_checkpoint='work_dirs/cam_inceptionv3_1xb16-10e_ilsvrc/epoch_10.pth')
train_dataloader = dict(batch_size=32)
