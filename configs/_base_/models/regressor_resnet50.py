# SLT-Net's regressor alone on ResNet50 (7x7 maps at 224): a single-stage mmdet detector with one box per image.
_base_ = ['../weights.py']
model = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'),
    ),
    bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=2048, stride=32, downsample=32),
)
