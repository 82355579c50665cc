# SLT-Net's classifier (L_CLS, eq. 5): VGG16 as mmpretrain has it, trained on ImageNet, ten crops at test.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.TenCropClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='VGG',
        depth=16,
        num_classes=1000,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'),
    ),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')),
)
