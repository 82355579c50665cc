# Plain CAM, trained as a classifier under mmpretrain: VGG16 without its last pooling (14x14 maps at 224) and a 3x3
# convolution of 1024 channels, as in VGG16-CAM; head.conv_channels=() is the text of Sec. 4.1 to the letter.
_base_ = ['../weights.py']
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='VGG',
        depth=16,
        with_last_pool=False,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'),
    ),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=512,
        conv_channels=(1024,),
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
    ),
)
