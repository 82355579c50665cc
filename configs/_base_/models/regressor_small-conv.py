# SLT-Net's regressor alone for 64x64 images: a single-stage mmdet detector with one box per image.
model = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], bgr_to_rgb=True
    ),
    backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1, 3)),
    bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=64, stride=8, downsample=8, input_size=64),
)
