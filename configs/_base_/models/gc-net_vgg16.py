# GC-Net on VGG16: the detector keeps fc6 and fc7's sizes; the classifier is SLT-Net's, frozen.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.GCNet',
    data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    ),
    backbone=dict(
        type='VGG',
        depth=16,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'),
    ),
    in_channels=512,
    grid=7,
    hidden_channels=(4096, 4096),
    classifier=dict(
        type='ImageClassifier',
        backbone=dict(type='VGG', depth=16, num_classes=1000),
        head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')),
    ),
)
