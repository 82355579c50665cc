# Plain CAM, trained as a classifier under mmpretrain: DenseNet161 without its last transition's pooling (14x14 maps at
# 224); the paper names no surgery.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='sltnet_mm.DenseNetTrunk',
        arch='161',
        last_pool=False,
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.densenet161, prefix='backbone'
        ),
    ),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=2208,
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
    ),
)
