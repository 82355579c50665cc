# Plain CAM: a small network with a CAM head, trained as a classifier under mmpretrain.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], to_rgb=True),
    backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1)),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=64,
        num_classes=12,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
        init_cfg=dict(type='Normal', layer='Conv2d', std=0.1),  # as torch's own; 0.01 suits pretrained features
    ),
)
