import cv2
import numpy as np
import pytest
import torch

from sltnet_mm.functional import foreground_mask, map_threshold, percentile_threshold, score_map_to_box


@pytest.mark.parametrize('q', [0, 12.5, 90, 99.9, 100])
def test_percentile_against_numpy(q):
    maps = torch.rand(4, 7, 9, dtype=torch.float64)
    expected = [0.35 * np.percentile(each.numpy(), q) for each in maps]
    assert percentile_threshold(maps, q=q).tolist() == pytest.approx(expected)
    assert percentile_threshold(maps[2], q=q).item() == pytest.approx(expected[2])


def test_percentile_100_is_the_maximum_and_big_batches_are_taken():
    maps = torch.rand(400, 224, 224)  # more scores than torch.quantile takes
    assert torch.allclose(percentile_threshold(maps, tau=0.2, q=100), 0.2 * maps.amax((1, 2)))


def test_percentile_refuses_what_is_out_of_range():
    with pytest.raises(ValueError, match='tau must be in'):
        percentile_threshold(torch.zeros(2, 2), tau=2)
    with pytest.raises(ValueError, match='q must be in'):
        percentile_threshold(torch.zeros(2, 2), q=101)
    with pytest.raises(ValueError, match='at least one pixel'):
        percentile_threshold(torch.zeros(0, 2))


def test_rules_against_numpy():
    for each in torch.rand(6, 9, 8, dtype=torch.float64):
        values, top = each.numpy(), each.max().item()
        low = np.percentile(values, 40)
        assert map_threshold(each, 0.3).item() == pytest.approx(0.3 * top)
        assert map_threshold(each, 0.3, 'percentile', 40).item() == pytest.approx(0.3 * low)
        # inferior values are removed, the rest divided by its maximum
        normalized = np.maximum(values - low, 0) / (top - low)
        expected = normalized > 0.3
        assert np.array_equal(foreground_mask(each, 0.3, 'ivr', 40).numpy(), expected)


def test_otsu_against_opencv():
    rng = np.random.default_rng(0)
    for _ in range(50):
        image = np.clip(rng.normal(rng.choice([60, 180], size=(12, 15)), 25), 0, 255).astype(np.uint8)
        image[0, 0] = 255  # the maximum, by which the histogram is scaled
        _, mask = cv2.threshold(image, 0, 1, cv2.THRESH_OTSU)
        scores = torch.from_numpy(image.astype(np.float64) / 255)
        assert np.array_equal(foreground_mask(scores, 0.0, 'otsu').numpy(), mask.astype(bool))


def test_constant_and_empty_maps_have_no_foreground_under_otsu():
    assert not foreground_mask(torch.zeros(2, 3, 3), 0.0, 'otsu').any()
    assert score_map_to_box(torch.full((4, 5), 0.5), 0.0, 'otsu').tolist() == [0, 0, 5, 4]


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(threshold=0.2, rule='mean'), 'threshold_of must be one of'),
        (dict(threshold=0.2, rule='otsu'), 'threshold must be 0'),
        (dict(threshold=1.0), 'threshold must be below 1'),
        (dict(threshold=0.2, q=90), 'q is for'),
        (dict(threshold=0.2, rule='ivr', q=120), 'q must be in'),
    ],
)
def test_settings_that_have_no_meaning_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        map_threshold(torch.rand(2, 2), **settings)
