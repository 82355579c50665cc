# SLT-Net's classifier (L_CLS, eq. 5): ResNet50 as mmpretrain has it, trained on ImageNet, ten crops at test.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.TenCropClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', in_channels=2048, num_classes=1000, loss=dict(type='CrossEntropyLoss')),
)
