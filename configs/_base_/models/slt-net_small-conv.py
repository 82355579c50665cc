# SLT-Net of small plain networks for 64x64 images, trained from scratch.
image_size = 64
preprocessing = dict(mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], bgr_to_rgb=True)
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(type='mmdet.DetDataPreprocessor', **preprocessing),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1)),
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=64,
            num_classes=12,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4),
            init_cfg=dict(type='Normal', layer='Conv2d', std=0.1),  # as torch's own; 0.01 suits pretrained features
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1, 3)),
        bbox_head=dict(
            type='sltnet_mm.SoftArgmaxBoxHead', in_channels=64, stride=8, downsample=8, input_size=image_size
        ),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
