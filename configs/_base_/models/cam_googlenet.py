# Plain CAM on torchvision's GoogLeNet, trained as a classifier under mmpretrain: up to inception4e (14x14 maps at 224)
# and a 3x3 convolution of 1024 channels, as in GoogLeNet-CAM. Weights: torchvision's googlenet-1378be20.pth, whose
# images are normalized to -1 ... 1.
weights = '{{$SLTNET_GOOGLENET:data/googlenet-1378be20.pth}}'
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True),
    backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='googlenet', end='inception4e', checkpoint=weights),
    head=dict(
        type='sltnet_mm.CAMHead',
        in_channels=832,
        conv_channels=(1024,),
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        top_k=1,
    ),
)
