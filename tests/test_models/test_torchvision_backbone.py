"""TorchvisionBackbone: torchvision's own features with the same weights, and no silent random ones."""

import pytest
import torch
from torchvision.models import get_model

from sltnet_mm.models import TorchvisionBackbone


def torchvision_features(network, images, name):
    """What torchvision's network computes at `features` or `layer4`, by a forward hook."""
    seen = []
    network.get_submodule(name).register_forward_hook(lambda module, args, output: seen.append(output))
    network(images)
    return seen[0]


@pytest.mark.parametrize(('model', 'name'), [('squeezenet1_1', 'features'), ('resnet18', 'layer4')])
def test_same_features_from_a_checkpoint_of_the_whole_network(tmp_path, model, name):
    network = get_model(model, weights=None).eval()
    torch.save(network.state_dict(), tmp_path / 'weights.pth')
    backbone = TorchvisionBackbone(model, checkpoint=str(tmp_path / 'weights.pth'))
    backbone.init_weights()
    backbone.eval()
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(backbone(images)[-1], torchvision_features(network, images, name))
    assert set(backbone.state_dict()) < set(network.state_dict())


def test_cut_inside_the_features():
    assert TorchvisionBackbone('vgg11', end='features.19')(torch.rand(1, 3, 64, 64))[0].shape == (1, 512, 4, 4)
    assert TorchvisionBackbone('vgg11')(torch.rand(1, 3, 64, 64))[0].shape == (1, 512, 2, 2)


@pytest.mark.parametrize(
    ('model', 'taps'),
    [
        ('squeezenet1_1', ('features.4', 'features.7', 'features.12')),
        ('resnet18', ('layer2', 'layer3.0', 'layer4')),
        ('vgg11_bn', ('features.10', 'features.27')),
    ],
)
def test_taps_give_what_torchvisions_network_computes_there(tmp_path, model, taps):
    network = get_model(model, weights=None).eval()
    torch.save(network.state_dict(), tmp_path / 'weights.pth')
    backbone = TorchvisionBackbone(model, checkpoint=str(tmp_path / 'weights.pth'), taps=taps)
    backbone.init_weights()
    backbone.eval()
    images = torch.randn(2, 3, 64, 64)
    levels = backbone(images)
    assert len(levels) == len(taps)
    for level, tap in zip(levels, taps, strict=True):
        torch.testing.assert_close(level, torchvision_features(network, images, tap))
    sum(level.mean() for level in levels).backward()  # no level was changed in place behind autograd's back
    assert set(backbone.state_dict()) < set(network.state_dict())


def test_a_checkpoint_that_lacks_a_parameter_or_differs_is_refused(tmp_path):
    weights = get_model('squeezenet1_1', weights=None).state_dict()
    key = 'features.0.weight'
    for change in (lambda: weights.pop(key), lambda: weights.update({key: torch.zeros(1)})):
        change()
        torch.save(weights, tmp_path / 'weights.pth')
        with pytest.raises(ValueError, match=f'1 of .* the first is {key}'):
            TorchvisionBackbone('squeezenet1_1', checkpoint=str(tmp_path / 'weights.pth')).init_weights()


def test_a_missing_file_is_an_error_not_random_weights():
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        TorchvisionBackbone('squeezenet1_1', checkpoint='nowhere.pth').init_weights()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(model='squeezenet9'), "no model 'squeezenet9'"),
        (dict(model='squeezenet1_1', end='layer9'), "whose children are .'features'"),
        (dict(model='squeezenet1_1', end='features.99'), 'is not a Sequential with a layer'),
        (dict(model='vit_b_16'), 'is not a child'),
        (dict(model='resnet18', taps=()), 'must be a sequence of names'),
        (dict(model='resnet18', taps='layer4'), 'must be a sequence of names'),
        (dict(model='resnet18', taps=('layer4',), end='layer4'), 'end must be None'),
        (dict(model='resnet18', taps=('layer3', 'layer9')), "'layer9'. are not layers of ResNet"),
        (dict(model='resnet18', taps=('layer4', 'layer3')), 'in the network.s order'),
        (dict(model='vgg11', taps=('features.0', 'features.5')), 'in place: tap features.1 instead'),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        TorchvisionBackbone(**settings)
