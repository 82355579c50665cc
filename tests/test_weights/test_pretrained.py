"""Weights for a part of a model: all of them, or an error that names the fix."""

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from sltnet_mm.weights.pretrained import Pretrained


def save(folder, weights, **more):
    torch.save(dict(state_dict=weights, **more), folder / 'weights.pth')
    return str(folder / 'weights.pth')


def test_prefix_and_missing_counters(tmp_path):
    source = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    weights = {f'backbone.{name}': value for name, value in source.state_dict().items() if 'num_batches' not in name}
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    Pretrained(save(tmp_path, {**weights, 'head.fc.weight': torch.ones(1)}), prefix='backbone')(net)
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in source.state_dict().items())


def test_whole_module_and_parameters_that_may_miss(tmp_path):
    source, net = (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, classes)) for classes in (5, 3))
    before = net[1].weight.clone()
    file = save(tmp_path, source.state_dict())
    Pretrained(file, may_miss=['1.'])(net)
    assert torch.equal(net[0].weight, source[0].weight)
    assert torch.equal(net[1].weight, before)
    with pytest.raises(ValueError, match=r'do not fit Sequential.*1\.weight: \(5, 2\) in the checkpoint, \(3, 2\)'):
        Pretrained(file)(net)
    with pytest.raises(TypeError, match="sequence of prefixes, got the string '1.'"):
        Pretrained(file, may_miss='1.')


def test_nothing_is_loaded_silently(tmp_path):
    net = nn.Linear(2, 2)
    before = net.weight.clone()
    file = save(tmp_path, {'backbone.weight': torch.ones(2, 2)})
    with pytest.raises(ValueError, match=r"nothing under 'trunk\.'; their names are backbone.weight.*SLTNET_WEIGHTS"):
        Pretrained(file, prefix='trunk')(net)
    with pytest.raises(ValueError, match=r'do not fit Linear: 1 parameters missing from it \(bias\)'):
        Pretrained(file, prefix='backbone')(net)
    with pytest.raises(FileNotFoundError, match='no/file.pth do not exist.*SLTNET_WEIGHTS.*torchvision_to_mmpretrain'):
        Pretrained('no/file.pth')(net)
    with pytest.raises(ConnectionError, match='cannot be loaded.*SLTNET_WEIGHTS'):
        Pretrained('http://127.0.0.1:9/weights.pth')(net)  # nobody listens there
    (tmp_path / 'broken.pth').write_bytes(b'<html>not found</html>')
    with pytest.raises(ValueError, match='broken.pth is not a checkpoint'):
        Pretrained(str(tmp_path / 'broken.pth'))(net)
    assert torch.equal(net.weight, before)


@pytest.mark.parametrize('scope', ['mmdet', 'mmpretrain'])
def test_mmengine_runs_it_last_on_a_residual_network(tmp_path, scope):
    """mmpretrain's ResNet zeroes the last norm of its blocks unless the type is 'Pretrained' to the letter."""
    init_default_scope(scope)
    plain = dict(type='mmpretrain.ResNet', depth=18)
    source = MODELS.build(dict(plain))
    torch.nn.init.constant_(source.layer4[1].bn2.weight, 0.7)
    file = save(tmp_path, {f'backbone.{name}': value for name, value in source.state_dict().items()})
    net = MODELS.build(
        dict(plain, init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=file, prefix='backbone'))
    )
    net.init_weights()
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in source.state_dict().items())
    deeper = dict(plain, depth=34, init_cfg=net.init_cfg)
    with pytest.raises(ValueError, match='do not fit ResNet: .* parameters missing'):
        MODELS.build(deeper).init_weights()
