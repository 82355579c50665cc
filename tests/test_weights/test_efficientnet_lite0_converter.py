"""tools/model_converters/efficientnet_lite0_to_timm.py: values by order, only where shapes and roles agree."""

import runpy
import sys
from pathlib import Path

import pytest
import timm
import torch

from sltnet_mm.weights.efficientnet_lite0 import to_timm

TOOL = Path(__file__).parents[2] / 'tools/model_converters/efficientnet_lite0_to_timm.py'


@pytest.fixture(scope='module')
def source() -> dict:
    """A file as efficientnet-lite-pytorch writes it: the same modules in the same order under other names."""
    state = timm.create_model('tf_efficientnet_lite0').state_dict()
    return {
        f'_blocks_{i}.{name.rpartition(".")[2]}': torch.rand_like(v.float())
        for i, (name, v) in enumerate(state.items())
    }


def run(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
    runpy.run_path(str(TOOL), run_name='__main__')


def test_timm_loads_what_is_written(source, tmp_path, monkeypatch, capsys):
    torch.save(source, tmp_path / 'lite0.pth')
    run(monkeypatch, tmp_path / 'lite0.pth', tmp_path / 'out' / 'timm.pth')
    assert f'{len(source)} values written' in capsys.readouterr().out
    network = timm.create_model('tf_efficientnet_lite0', checkpoint_path=str(tmp_path / 'out' / 'timm.pth'))
    for value, given in zip(network.state_dict().values(), source.values(), strict=True):
        assert torch.equal(value, given.to(value.dtype))
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path / 'lite0.pth', tmp_path / 'out' / 'timm.pth')
    assert '--overwrite' in capsys.readouterr().err


def test_another_network_is_refused(source):
    target = timm.create_model('tf_efficientnet_lite0').state_dict()
    with pytest.raises(ValueError, match='296 values of tf_efficientnet_lite0, got 3'):
        to_timm(dict(list(source.items())[:3]), target)
    wrong = dict(source)
    first = next(iter(wrong))
    wrong[first] = torch.zeros(1)
    with pytest.raises(ValueError, match=r'does not match conv_stem.weight \(32, 3, 3, 3\)'):
        to_timm(wrong, target)
    renamed = {name.replace('.bias', '.running_mean'): value for name, value in source.items()}
    with pytest.raises(ValueError, match='does not match bn1.bias'):
        to_timm(renamed, target)
