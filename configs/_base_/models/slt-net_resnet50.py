# SLT-Net on ResNet50, localizer and regressor. The localizer: ResNet50 with stride 1 in its last stage (14x14 maps at
# 224), as in wsolevaluation; the paper names no surgery.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(
            type='mmpretrain.ResNet',
            depth=50,
            strides=(1, 2, 2, 1),
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'
            ),
        ),
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=2048,
            num_classes=200,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(
            type='mmpretrain.ResNet',
            depth=50,
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.resnet50, prefix='backbone'
            ),
        ),
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=2048, stride=32, downsample=32),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
