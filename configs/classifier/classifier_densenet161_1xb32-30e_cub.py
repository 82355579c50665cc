# SLT-Net's classifier, ImageNet's DenseNet161 with 200 outputs in place of 1000, ten crops at test, on CUB.
_base_ = [
    '../_base_/models/classifier_densenet161.py',
    '../_base_/datasets/cub_tencrop.py',
    '../_base_/schedules/classifier_30e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=10)}))
