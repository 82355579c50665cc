# SLT-Net's classifier for 64x64 images: the small network, pooled, one linear layer. Trained on its own (L_CLS, eq. 5).
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], to_rgb=True),
    backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1, 3)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', in_channels=64, num_classes=12, loss=dict(type='CrossEntropyLoss')),
)
