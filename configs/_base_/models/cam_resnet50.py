# Plain CAM, trained as a classifier under mmpretrain: ResNet50 with stride 1 in its last stage (14x14 maps at 224), as
# in wsolevaluation; the paper names no surgery.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'),
    ),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=2048,
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
    ),
)
