# DDT's features: DenseNet161's last maps, after its final norm (14x14 at 448).
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='sltnet_mm.DenseNetTrunk',
        arch='161',
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.densenet161, prefix='backbone'
        ),
    ),
)
