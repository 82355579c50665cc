# GC-Net on InceptionV3: the whole network with five outputs; the classifier is InceptionV3-CAM, frozen.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.GCNet',
    data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    ),
    backbone=dict(
        type='sltnet_mm.InceptionV3Trunk',
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.inceptionv3, prefix='backbone'
        ),
    ),
    in_channels=2048,
    classifier=dict(
        type='ImageClassifier',
        backbone=dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e', mixed_6a_stride=1),
        head=dict(type='sltnet_mm.CAMHead', in_channels=768, conv_channels=(1024, 1024), num_classes=1000),
    ),
)
