import numpy as np
import pytest
import torch

from sltnet_mm.functional import (
    bag_cams,
    class_maps,
    grad_cam,
    grad_cam_plus_plus,
    input_saliency,
    layer_cam,
)

FUNCTIONS = {
    'grad_cam': grad_cam,
    'grad_cam_plus_plus': grad_cam_plus_plus,
    'layer_cam': layer_cam,
    'bag_cams': bag_cams,
}


def slow(name, a, g):
    """One image, N x h x w, channel by channel and cell by cell."""
    channels, height, width = a.shape
    cells = [(y, x) for y in range(height) for x in range(width)]
    result = np.zeros((height, width))
    for n in range(channels):
        mean = sum(g[n, y, x] for y, x in cells) / len(cells)
        total = sum(a[n, y, x] for y, x in cells)
        bag = sum(g[n, y, x] * a[n, y, x] + 1 for y, x in cells) / len(cells)
        weight = 0.0
        for y, x in cells:
            d = 2 * g[n, y, x] ** 2 + total * g[n, y, x] ** 3
            if g[n, y, x] > 0 and d != 0:
                weight += g[n, y, x] ** 2 / d * g[n, y, x]
        for y, x in cells:
            result[y, x] += {
                'grad_cam': mean * a[n, y, x],
                'grad_cam_plus_plus': weight * a[n, y, x],
                'layer_cam': max(g[n, y, x], 0) * a[n, y, x],
                'bag_cams': max(bag * g[n, y, x] * a[n, y, x], 0),
            }[name]
    return np.maximum(result, 0)


@pytest.mark.parametrize('name', FUNCTIONS)
@pytest.mark.parametrize('relu', [True, False])
def test_maps_against_loops(name, relu):
    activations = torch.randn(3, 5, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    activations = activations.relu() if relu else activations
    gradients = torch.randn(3, 5, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    gradients[0, 0] = 0
    maps = FUNCTIONS[name](activations, gradients)
    assert maps.shape == (3, 4, 3)
    for b in range(3):
        np.testing.assert_allclose(maps[b], slow(name, activations[b].numpy(), gradients[b].numpy()), atol=1e-9)


def test_grad_cam_of_a_mean_and_a_linear_layer_is_the_positive_part_of_cam():
    features, weight = torch.rand(2, 6, 4, 5, requires_grad=True), torch.randn(7, 6)
    maps = class_maps(features, weight)
    labels = torch.tensor([2, 5])
    logits = maps.mean((2, 3))[torch.arange(2), labels]
    gradients = torch.autograd.grad(logits.sum(), features)[0]
    expected = maps[torch.arange(2), labels].relu() / 20
    torch.testing.assert_close(grad_cam(features, gradients), expected)


def test_small_gradients_do_not_vanish():
    """g^2 of 1e-30 is 0 in float32; the ratio is not."""
    gradients = torch.full((1, 1, 2, 2), 1e-30)
    maps = grad_cam_plus_plus(torch.ones(1, 1, 2, 2), gradients) * 1e30
    torch.testing.assert_close(maps, torch.full((1, 2, 2), 2.0))


@pytest.mark.parametrize('name', FUNCTIONS)
def test_half_precision_is_widened_and_shapes_are_checked(name):
    activations = torch.rand(1, 2, 3, 3).half()
    assert FUNCTIONS[name](activations, activations).dtype == torch.float32
    with pytest.raises(ValueError, match='same shape'):
        FUNCTIONS[name](torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 4))
    with pytest.raises(ValueError, match='activations must have shape BxNxhxw'):
        FUNCTIONS[name](torch.zeros(1, 9, 3), torch.zeros(1, 9, 3))


def test_input_saliency_against_a_loop():
    gradients = torch.randn(2, 3, 4, 5)
    saliency = input_saliency(gradients)
    for b in range(2):
        for y in range(4):
            for x in range(5):
                assert saliency[b, y, x] == max(abs(gradients[b, c, y, x].item()) for c in range(3))
