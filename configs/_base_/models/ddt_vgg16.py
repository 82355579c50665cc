# DDT's features: VGG16 with its last pooling (14x14 maps at 448), as PSOL takes them; with_last_pool=False gives 28x28.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='VGG',
        depth=16,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'),
    ),
)
