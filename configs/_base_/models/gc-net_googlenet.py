# GC-Net on GoogLeNet: the whole network with five outputs; the classifier is GoogLeNet-CAM, frozen.
weights = '{{$SLTNET_GOOGLENET:data/googlenet-1378be20.pth}}'
model = dict(
    type='sltnet_mm.GCNet',
    data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True
    ),
    backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='googlenet', end='inception5b', checkpoint=weights),
    in_channels=1024,
    classifier=dict(
        type='ImageClassifier',
        backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='googlenet', end='inception4e'),
        head=dict(type='sltnet_mm.CAMHead', in_channels=832, conv_channels=(1024,), num_classes=1000),
    ),
)
