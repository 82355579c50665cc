# SLT-Net for small images: SqueezeNet 1.1 with maps of stride 8. Weights and images as in cam_squeezenet1-1-s8.py.
# K = 6: as many of the 12 embedded classes share a body. Otsu's threshold needs no box to be chosen, and follows maps
# whose background is brighter in one run than in another.
backbone = dict(type='sltnet_mm.SqueezeNet', output_stride=8, frozen_layers=6)
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=backbone,
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=512,
            num_classes=12,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=6, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.0, threshold_of='otsu'),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=backbone,
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=512, stride=8, input_size=128),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
