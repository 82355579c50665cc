# SLT-Net on InceptionV3, localizer and regressor. The localizer: InceptionV3 without its last three blocks (Sec. 4.1),
# stride 1 in Mixed_6a and two 3x3 convolutions of 1024 channels as in SPG's InceptionV3-CAM: 35x35 maps at 299.
# backbone.mixed_6a_stride=2 gives 17x17.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
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
            num_classes=200,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(
            type='sltnet_mm.InceptionV3Trunk',
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.inceptionv3, prefix='backbone'
            ),
        ),
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=2048, stride=32, downsample=32, input_size=299),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
