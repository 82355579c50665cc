"""Weights go into a model whole or not at all."""

import copy

import pytest
import torch
from mmengine.model import BaseTTAModel
from torch import nn

from sltnet_mm.weights.checkpoints import load_fitting


class Predictor(nn.Sequential):
    def test_step(self, data):
        return []


class Mean(BaseTTAModel):
    def merge_preds(self, data_samples_list):
        return [samples[0] for samples in data_samples_list]


class Changed(nn.Linear):
    """A layer that stored its weights negated up to version 1, as mmcv's layers were changed over time."""

    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if local_metadata.get('version', 1) < 2:
            state_dict[f'{prefix}weight'] = -state_dict[f'{prefix}weight']
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


def distributed(weights):
    return {f'module.{name}': value for name, value in weights.items()}


@pytest.mark.parametrize('wrap', [lambda model: model, Mean, nn.DataParallel])
@pytest.mark.parametrize('stored', [lambda weights: weights, lambda weights: dict(state_dict=distributed(weights))])
def test_weights_are_loaded_into_the_model_inside(wrap, stored):
    model, trained = (Predictor(nn.Linear(2, 3), nn.BatchNorm1d(3)) for _ in range(2))
    trained[1].running_mean += 2
    load_fitting(wrap(model), stored(trained.state_dict()))
    for name, value in trained.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_a_misfit_changes_nothing():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    before = copy.deepcopy(model.state_dict())
    other = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 5)).state_dict()
    with pytest.raises(ValueError, match=r'1.weight: \(5, 3\) in the checkpoint, \(4, 3\) in the model'):
        load_fitting(model, dict(state_dict=other))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_version_of_the_weights_is_kept():
    trained, new, old = (nn.Sequential(Changed(2, 2)) for _ in range(3))
    load_fitting(new, dict(state_dict=trained.state_dict()))
    assert torch.equal(new[0].weight, trained[0].weight)
    load_fitting(old, dict(state_dict=dict(trained.state_dict())))  # without metadata: version 1
    assert torch.equal(old[0].weight, -trained[0].weight)
