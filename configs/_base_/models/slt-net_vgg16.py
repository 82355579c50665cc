# SLT-Net on VGG16, localizer and regressor. The localizer: VGG16 without its last pooling (14x14 maps at 224) and a 3x3
# convolution of 1024 channels, as in VGG16-CAM; head.conv_channels=() is the text of Sec. 4.1 to the letter.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(
            type='mmpretrain.VGG',
            depth=16,
            with_last_pool=False,
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'
            ),
        ),
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=512,
            conv_channels=(1024,),
            num_classes=200,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=dict(
            type='mmpretrain.VGG',
            depth=16,
            with_last_pool=False,
            init_cfg=dict(
                type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained.vgg16, prefix='backbone'
            ),
        ),
        bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=512, stride=16),
    ),
    test_cfg=dict(box_from='auto', score_map=True),
)
