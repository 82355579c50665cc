# SLT-Net's classifier, ImageNet's InceptionV3 with 200 outputs in place of 1000, ten crops at test, on CUB; Table 2:
# Top-1 CLS 76.4.
_base_ = [
    '../_base_/models/classifier_inceptionv3.py',
    '../_base_/datasets/cub_tencrop_299.py',
    '../_base_/schedules/classifier_30e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(backbone=dict(num_classes=200, init_cfg=dict(may_miss=['fc'])))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone.fc': dict(lr_mult=10)}))
