# SLT-Net's regressor alone on VGG16 without its last pooling: a single-stage mmdet detector with one box per image.
_base_ = ['../weights.py']
model = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='mmpretrain.VGG',
        depth=16,
        with_last_pool=False,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'),
    ),
    bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=512, stride=16),
)
