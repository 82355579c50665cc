# SLT-Net's classifier, ImageNet's VGG16 with 200 outputs in place of 1000, ten crops at test, on CUB; Table 1: Top-1
# CLS 76.6.
_base_ = [
    '../_base_/models/classifier_vgg16.py',
    '../_base_/datasets/cub_tencrop.py',
    '../_base_/schedules/classifier_30e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(backbone=dict(num_classes=200, init_cfg=dict(may_miss=['classifier.6'])))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone.classifier.6': dict(lr_mult=10)}))
