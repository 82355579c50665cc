# GC-Net with the formula of the ellipse, VGG16 on CUB; Table 1: Top-1 LOC 63.2.
_base_ = [
    '../_base_/models/gc-net_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/gc-net_30e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    classifier=dict(backbone=dict(num_classes=200)),
    classifier_checkpoint='work_dirs/classifier_vgg16_1xb32-30e_cub/epoch_30.pth',
)
train_dataloader = dict(batch_size=32)
