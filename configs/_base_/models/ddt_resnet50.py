# DDT's features: ResNet50's last maps (14x14 at 448).
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'),
    ),
)
