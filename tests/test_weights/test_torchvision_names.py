"""torchvision's files under mmpretrain's names: every tensor has its place, wrong files are refused."""

import re
import runpy
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torchvision.models import get_model

from sltnet_mm.weights.torchvision_names import NETWORKS, to_mmpretrain

TOOL = Path(__file__).parents[2] / 'tools' / 'model_converters' / 'torchvision_to_mmpretrain.py'


def meta_weights(name):
    options = dict(init_weights=False) if name[0] in 'vi' else {}
    with torch.device('meta'):
        return get_model(name, weights=None, **options).state_dict()


@pytest.mark.parametrize('name', NETWORKS)
def test_every_tensor_of_every_network_finds_its_place(name):
    weights = meta_weights(name)
    renamed = to_mmpretrain(weights, name)
    auxiliary = sum(key.startswith('AuxLogits') for key in weights)
    assert len(renamed) == len(weights) - auxiliary
    assert {id(value) for value in renamed.values()} <= {id(value) for value in weights.values()}
    assert (auxiliary > 0) == (name == 'inception_v3')


def test_whole_classifier_gives_torchvisions_logits():
    torch.manual_seed(0)
    network = get_model('densenet121').eval()
    init_default_scope('mmpretrain')
    head = dict(type='LinearClsHead', num_classes=1000, in_channels=1024)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='DenseNet'),
            neck=dict(type='GlobalAveragePooling'),
            head=head,
        )
    )
    model.load_state_dict(to_mmpretrain(network.state_dict(), 'densenet121'))
    model.eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model(images, mode='tensor'), network(images))


def test_old_files_names_and_missing_counters():
    """The published DenseNet files say `norm.1`, and those of before torch 0.4.1 have no counters."""
    weights = get_model('densenet121').state_dict()
    old = {
        re.sub(r'(denselayer\d+)\.(norm|conv)([12])\.', r'\1.\2.\3.', name): value
        for name, value in weights.items()
        if 'num_batches_tracked' not in name
    }
    assert 'features.denseblock1.denselayer1.norm.1.weight' in old
    new, of_old = (to_mmpretrain(given, 'densenet121') for given in (weights, old))
    assert new.keys() == of_old.keys()
    assert all(torch.equal(value, of_old[name]) for name, value in new.items())


@pytest.mark.parametrize(
    ('weights_of', 'network', 'message'),
    [
        ('resnet18', 'resnet34', 'not resnet34: .* parameters missing'),
        ('resnet34', 'resnet18', 'not resnet18: .* do not exist in it'),
        ('vgg19', 'vgg16', 'not vgg16: it has no parameter features.'),
        ('vgg16_bn', 'vgg16', 'not vgg16: it has no parameter features.1.weight'),
        ('resnet18', 'densenet121', 'not densenet121: it has no parameter conv1.weight'),
        ('wide_resnet50_2', 'resnet50', 'not resnet50: .* of another shape'),
    ],
)
def test_weights_of_another_network_are_refused(weights_of, network, message):
    with pytest.raises(ValueError, match=message):
        to_mmpretrain(meta_weights(weights_of), network)


def test_other_class_counts_and_unknown_networks_are_refused():
    with torch.device('meta'):
        weights = get_model('resnet18', num_classes=10).state_dict()
    with pytest.raises(ValueError, match=r'head.fc.weight: \(10, 512\) in the checkpoint, \(1000, 512\)'):
        to_mmpretrain(weights, 'resnet18')
    with pytest.raises(ValueError, match="network must be one of vgg11, .* got 'alexnet'"):
        to_mmpretrain({}, 'alexnet')


def test_tool_writes_once(tmp_path, monkeypatch, capsys):
    torch.save(get_model('resnet18').state_dict(), tmp_path / 'r18.pth')
    out = tmp_path / 'new' / 'out.pth'
    monkeypatch.setattr('sys.argv', [str(TOOL), str(tmp_path / 'r18.pth'), 'resnet18', '--out', str(out)])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert '122 tensors of resnet18' in capsys.readouterr().out
    written = torch.load(out)
    assert written['meta'] == dict(source='r18.pth', network='resnet18')
    assert 'backbone.layer4.1.bn2.weight' in written['state_dict']
    with pytest.raises(SystemExit):
        runpy.run_path(str(TOOL), run_name='__main__')
    assert '--overwrite' in capsys.readouterr().err
