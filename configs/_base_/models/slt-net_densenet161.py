# SLT-Net on DenseNet161, localizer and regressor. The localizer: DenseNet161 without its last transition's pooling
# (14x14 maps at 224); the paper names no surgery.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(
            type='sltnet_mm.DenseNetTrunk',
            arch='161',
            last_pool=False,
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.densenet161, prefix='backbone'
            ),
        ),
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=2208,
            num_classes=200,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(
            type='sltnet_mm.DenseNetTrunk',
            arch='161',
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.densenet161, prefix='backbone'
            ),
        ),
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=2208, stride=32, downsample=32),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
