"""PseudoBoxGenerator: the chain of eq. 9, resize, threshold, component, box."""

import cv2
import numpy as np
import pytest
import torch

from sltnet_mm.functional import score_map_to_box
from sltnet_mm.pseudo_boxes import PseudoBoxGenerator


def slow_box(maps, logits, size, threshold, top_k):
    """One image, step by step, in NumPy and OpenCV."""
    acam = maps[np.argsort(-logits)[:top_k]].mean(0)
    large = cv2.resize(acam, size[::-1], interpolation=cv2.INTER_LINEAR)
    score = (large - large.min()) / (large.max() - large.min())
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (score > threshold * score.max()).astype(np.uint8), connectivity=8
    )
    best = max(range(1, count), key=lambda i: (stats[i, cv2.CC_STAT_AREA], -np.flatnonzero(labels.ravel() == i)[0]))
    x, y, w, h = stats[best, :4]
    return [x, y, x + w, y + h]


def test_equals_the_slow_chain_on_random_maps():
    rng = np.random.default_rng(0)
    for _ in range(40):
        maps = rng.normal(size=(6, 5, 7)).astype(np.float32)
        logits, size = maps.mean((1, 2)), (30, 42)
        boxes, _ = PseudoBoxGenerator(0.4, top_k=2)(torch.from_numpy(maps)[None], torch.from_numpy(logits)[None], size)
        assert boxes[0].tolist() == slow_box(maps, logits, size, 0.4, 2)


def test_no_foreground_is_the_whole_image():
    boxes, score_maps = PseudoBoxGenerator(top_k=1)(torch.full((1, 3, 4, 4), -2.0), torch.zeros(1, 3), (8, 10))
    assert boxes.tolist() == [[0, 0, 10, 8]] and not score_maps.any()


@pytest.mark.parametrize('settings', [dict(threshold=1), dict(threshold=-0.1), dict(top_k=0)])
def test_bad_settings(settings):
    with pytest.raises(ValueError, match=str(next(iter(settings.values())))):
        PseudoBoxGenerator(**settings)


def test_unset_top_k_is_an_error():
    with pytest.raises(ValueError, match='top_k is not set'):
        PseudoBoxGenerator()(torch.rand(1, 3, 4, 4), torch.rand(1, 3), (8, 8))
    with pytest.raises(ValueError, match='classes'):  # maps of another number of classes than logits
        PseudoBoxGenerator(top_k=1)(torch.rand(1, 3, 4, 4), torch.rand(1, 4), (8, 8))


@pytest.mark.parametrize(('rule', 'threshold'), [('max', 0.2), ('percentile', 0.35), ('ivr', 0.2), ('otsu', 0.0)])
def test_rules_of_the_threshold(rule, threshold):
    maps = torch.rand(3, 1, 9, 9, generator=torch.Generator().manual_seed(1))
    generator = PseudoBoxGenerator(top_k=1, threshold_of=rule)
    assert generator.threshold == threshold
    boxes, score_maps = generator(maps, torch.zeros(3, 1), (9, 9))
    assert torch.equal(boxes, score_map_to_box(score_maps, threshold, rule))
    assert torch.equal(boxes, generator.from_maps(maps[:, 0], (9, 9)).boxes)


def test_rules_that_are_refused():
    with pytest.raises(ValueError, match='PseudoBoxGenerator: threshold_of must be one of'):
        PseudoBoxGenerator(threshold_of='mean')
    with pytest.raises(ValueError, match='threshold must be 0'):
        PseudoBoxGenerator(0.3, threshold_of='otsu')
