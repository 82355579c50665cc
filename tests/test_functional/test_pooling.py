import numpy as np
import pytest
import torch

from sltnet_mm.functional import percentile_threshold, thresholded_average_pool


@pytest.mark.parametrize('threshold', [0.0, 0.1, 0.6, 0.99])
def test_thresholded_average_against_a_loop(threshold):
    features = torch.randn(3, 4, 5, 6)
    features[0, 0] = 0
    features[0, 1] = -1
    pooled = thresholded_average_pool(features, threshold)
    for b in range(3):
        for n in range(4):
            values = features[b, n].flatten().tolist()
            kept = [value for value in values if value > threshold * max(values)]
            assert pooled[b, n].item() == pytest.approx(sum(kept) / max(1, len(kept)), abs=1e-6)


def test_gradient_goes_to_the_averaged_cells_in_equal_parts():
    features = torch.tensor([[[[0.05, 0.5, 1.0]]]], requires_grad=True)
    thresholded_average_pool(features, 0.1).sum().backward()
    assert features.grad.flatten().tolist() == [0, 0.5, 0.5]


def test_half_precision_does_not_overflow():
    features = torch.full((1, 1, 300, 300), 10.0, dtype=torch.float16)
    assert thresholded_average_pool(features).item() == 10


@pytest.mark.parametrize('threshold', [-0.1, 1.0, 1.5])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match='threshold must be'):
        thresholded_average_pool(torch.zeros(1, 1, 2, 2), threshold)


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
