# Plain CAM on EfficientNet-Lite0 with 14x14 maps (output stride 16), trained as a classifier under mmpretrain. The
# weights are ImageNet's in timm's names: tools/model_converters/efficientnet_lite0_to_timm.py writes them.
weights = 'data/efficientnet-lite0-imagenet-timm.pth'
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0], to_rgb=True),
    backbone=dict(type='TIMMBackbone', model_name='tf_efficientnet_lite0', checkpoint_path=weights, output_stride=16),
    head=dict(type='sltnet_mm.CAMHead', in_channels=1280, num_classes=31, loss=dict(type='CrossEntropyLoss'), top_k=1),
)
