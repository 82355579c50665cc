# GC-Net with the formula of the ellipse, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/gc-net_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/gc-net_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(classifier_checkpoint='work_dirs/cam_squeezenet1-1_1xb16-12e_photos31/epoch_12.pth')
train_dataloader = dict(batch_size=32)
