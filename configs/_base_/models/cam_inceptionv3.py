# Plain CAM, trained as a classifier under mmpretrain: InceptionV3 without its last three blocks (Sec. 4.1), stride 1 in
# Mixed_6a and two 3x3 convolutions of 1024 channels as in SPG's InceptionV3-CAM: 35x35 maps at 299.
# backbone.mixed_6a_stride=2 gives 17x17.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='sltnet_mm.InceptionV3Trunk',
        end='Mixed_6e',
        mixed_6a_stride=1,
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.inceptionv3, prefix='backbone'
        ),
    ),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=768,
        conv_channels=(1024, 1024),
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
    ),
)
