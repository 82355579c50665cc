import pytest
import torch

from sltnet_mm.functional import ternary_targets


def test_targets_against_a_loop():
    maps = torch.rand(2, 3, 4, 5)
    targets = ternary_targets(maps, 0.2, 0.7)
    assert targets.dtype == torch.uint8
    for value, target in zip(maps.flatten().tolist(), targets.flatten().tolist(), strict=True):
        assert target == (1 if value > 0.7 else 0 if value < 0.2 else 255)
    assert set(targets.unique().tolist()) == {0, 1, 255}


def test_scores_at_a_threshold_and_nan_are_ignored():
    assert ternary_targets(torch.tensor([0.25, 0.75, float('nan')]), 0.25, 0.75).tolist() == [255] * 3
    assert ternary_targets(torch.tensor([0.4, 0.6]), 0.5, 0.5).tolist() == [0, 1]


@pytest.mark.parametrize(('low', 'high', 'match'), [(0.7, 0.2, 'at most high'), (-1, 0.5, 'low'), (0.1, 2, 'high')])
def test_wrong_thresholds_are_refused(low, high, match):
    with pytest.raises(ValueError, match=match):
        ternary_targets(torch.zeros(2, 2), low, high)
