# DDT's features: InceptionV3's last maps (12x12 at 448); end='Mixed_6e' gives 26x26.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='sltnet_mm.InceptionV3Trunk',
        end='Mixed_7c',
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.inceptionv3, prefix='backbone'
        ),
    ),
)
