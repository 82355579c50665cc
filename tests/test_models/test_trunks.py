"""The paper's four backbones against torchvision's networks with the same weights."""

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torchvision.models import get_model

from sltnet_mm.models import DenseNetTrunk, InceptionV3Trunk
from sltnet_mm.weights.torchvision_names import to_mmpretrain

# network, backbone as the configs write it, image side, its maps, its parameters
PLAIN = [
    ('vgg16', dict(type='mmpretrain.VGG', depth=16, with_last_pool=False), 224, (512, 14, 14), 14_714_688),
    ('resnet50', dict(type='mmpretrain.ResNet', depth=50), 224, (2048, 7, 7), 23_508_032),
    ('densenet161', dict(type='sltnet_mm.DenseNetTrunk'), 224, (2208, 7, 7), 26_472_000),
    ('inception_v3', dict(type='sltnet_mm.InceptionV3Trunk'), 299, (2048, 8, 8), 21_785_568),
]
FOR_LOCALIZERS = [
    ('resnet50', dict(type='mmpretrain.ResNet', depth=50, strides=(1, 2, 2, 1)), 224, (2048, 14, 14)),
    ('densenet161', dict(type='sltnet_mm.DenseNetTrunk', last_pool=False), 224, (2208, 14, 14)),
    ('inception_v3', dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e'), 299, (768, 17, 17)),
    ('inception_v3', dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e'), 224, (768, 12, 12)),
    ('inception_v3', dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e', mixed_6a_stride=1), 299, (768, 35, 35)),
    ('inception_v3', dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e', mixed_6a_stride=1), 224, (768, 25, 25)),
]


def random_network(name):
    """A torchvision network with random weights, batch norm's statistics included, in eval mode."""
    torch.manual_seed(0)
    options = dict(transform_input=False) if name == 'inception_v3' else {}
    network = get_model(name, weights=None, init_weights=False, **options) if name[0] in 'vi' else get_model(name)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def features_of(network, images):
    """Last maps of a torchvision network; VGG16's without its last pooling, DenseNet's after the last activation."""
    name = type(network).__name__
    if name == 'VGG':
        return network.features[:-1](images)
    if name == 'DenseNet':
        return torch.relu(network.features(images))
    layer = dict(ResNet='layer4', Inception3='Mixed_7c')[name]
    seen = []
    handle = network.get_submodule(layer).register_forward_hook(lambda module, args, output: seen.append(output))
    network(images)
    handle.remove()
    return seen[0]


def backbone_with(cfg, weights):
    init_default_scope('mmpretrain')
    backbone = MODELS.build(dict(cfg))
    own = backbone.state_dict()
    backbone.load_state_dict({name: weights[f'backbone.{name}'] for name in own})
    backbone.eval()
    return backbone


@pytest.mark.parametrize(('name', 'cfg', 'side', 'shape', 'parameters'), PLAIN, ids=[row[0] for row in PLAIN])
def test_features_maps_and_parameters_are_torchvisions(name, cfg, side, shape, parameters):
    network = random_network(name)
    backbone = backbone_with(cfg, to_mmpretrain(network.state_dict(), name))
    images = torch.rand(1, 3, side, side)
    with torch.no_grad():
        ours, theirs = backbone(images)[-1], features_of(network, images)
    assert ours.shape[1:] == shape
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))
    assert float(theirs.std()) > 0
    assert sum(value.numel() for value in backbone.parameters()) == parameters


@pytest.mark.parametrize(
    ('name', 'cfg', 'side', 'shape'), FOR_LOCALIZERS, ids=[f'{row[0]}-{row[3][1]}' for row in FOR_LOCALIZERS]
)
def test_larger_maps_take_the_same_weights(name, cfg, side, shape):
    weights = to_mmpretrain(random_network(name).state_dict(), name)
    with torch.no_grad():
        assert backbone_with(cfg, weights)(torch.rand(1, 3, side, side))[-1].shape[1:] == shape


def test_mixed_6e_is_torchvisions_and_stride_1_is_its_finer_grid():
    network = random_network('inception_v3')
    weights = to_mmpretrain(network.state_dict(), 'inception_v3')
    images = torch.rand(1, 3, 107, 107)
    seen = {}
    for layer in ('Mixed_5d', 'Mixed_6a', 'Mixed_6e'):
        network.get_submodule(layer).register_forward_hook(
            lambda module, args, output, layer=layer: seen.update({layer: output})
        )
    with torch.no_grad():
        network(images)
        coarse = backbone_with(dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e'), weights)
        fine = backbone_with(dict(type='sltnet_mm.InceptionV3Trunk', end='Mixed_6e', mixed_6a_stride=1), weights)
        torch.testing.assert_close(coarse(images)[0], seen['Mixed_6e'])
        # Away from its padding of 1, every second cell of the finer grid is a cell of the published one.
        inner = fine.Mixed_6a(seen['Mixed_5d'])[:, :, 1:-1:2, 1:-1:2]
        torch.testing.assert_close(inner, seen['Mixed_6a'])


def test_torchvisions_inception_input_is_a_preprocessor():
    """Its transform_input on ImageNet-normalized images is mean = std = 127.5 on pixels."""
    network = random_network('inception_v3')
    network.transform_input = True
    pixels = torch.randint(0, 256, (1, 3, 107, 107)).float()
    mean, std = (torch.tensor(values)[:, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    trunk = backbone_with(dict(type='sltnet_mm.InceptionV3Trunk'), to_mmpretrain(network.state_dict(), 'inception_v3'))
    with torch.no_grad():
        theirs = features_of(network, (pixels / 255 - mean) / std)
        torch.testing.assert_close(trunk((pixels - 127.5) / 127.5)[0], theirs, rtol=1e-3, atol=1e-4)


def test_gradients_reach_the_whole_trunk():
    for trunk in (InceptionV3Trunk(end='Mixed_6e', mixed_6a_stride=1), DenseNetTrunk('121', last_pool=False)):
        trunk(torch.rand(2, 3, 75, 75))[0].sum().backward()
        assert all(value.grad is not None for value in trunk.parameters())


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: InceptionV3Trunk(end='Mixed_6f'), 'end must be one of Conv2d_1a_3x3, .*Mixed_7c, got .Mixed_6f.'),
        (lambda: InceptionV3Trunk(end='fc'), 'end must be one of'),
        (lambda: InceptionV3Trunk(mixed_6a_stride=3), 'mixed_6a_stride must be 1 or 2, got 3'),
        (lambda: DenseNetTrunk('160'), r"arch must be one of \['121', '161', '169', '201'\], got '160'"),
    ],
)
def test_bad_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
