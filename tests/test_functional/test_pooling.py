import pytest
import torch

from sltnet_mm.functional import thresholded_average_pool


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
