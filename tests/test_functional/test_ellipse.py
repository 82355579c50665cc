import math

import pytest
import torch

from sltnet_mm.functional import ellipse_boxes, ellipse_mask


def slow_mask(params, height, width, sharpness):
    cx, cy, a, b, turn = params
    theta = (turn - 0.5) * math.pi
    mask = torch.zeros(height, width, dtype=torch.float64)
    for row in range(height):
        for column in range(width):
            dx, dy = (column + 0.5) / width - cx, (row + 0.5) / height - cy
            q = ((dx * math.cos(theta) + dy * math.sin(theta)) / (a / 2)) ** 2
            q += ((dx * math.sin(theta) - dy * math.cos(theta)) / (b / 2)) ** 2
            mask[row, column] = 0.5 - math.atan(sharpness * (q - 1)) / math.pi
    return mask


def test_mask_against_a_loop():
    params = torch.rand(5, 5, dtype=torch.float64) * 0.8 + 0.1
    masks = ellipse_mask(params, (7, 11), sharpness=6.0)
    for mask, values in zip(masks, params.tolist(), strict=True):
        torch.testing.assert_close(mask, slow_mask(values, 7, 11, 6.0))


def test_gradients_of_parameters_and_sharpness_by_finite_differences():
    params = (torch.rand(2, 5, dtype=torch.float64) * 0.5 + 0.25).requires_grad_()
    sharpness = torch.tensor(10.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p, s: ellipse_mask(p, (5, 6), s), (params, sharpness))


def test_boxes_hold_the_mask_of_a_sharp_ellipse():
    generator = torch.Generator().manual_seed(0)
    params = torch.rand(40, 5, generator=generator) * torch.tensor([0.4, 0.4, 0.3, 0.3, 1]) + torch.tensor(
        [0.3, 0.3, 0.1, 0.1, 0]
    )
    masks = ellipse_mask(params, (200, 200), sharpness=1000.0) > 0.5
    for mask, box in zip(masks, ellipse_boxes(params), strict=True):
        rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
        found = torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / 200
        assert (found - box).abs().max() < 0.02


def test_boxes_are_clipped_and_flat_axes_are_finite():
    assert ellipse_boxes(torch.tensor([[0.1, 0.9, 0.6, 0.6, 0.5]])).tolist()[0] == pytest.approx([0, 0.6, 0.4, 1])
    params = torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.5]], requires_grad=True)
    mask = ellipse_mask(params, (4, 4))
    mask.sum().backward()
    assert mask.isfinite().all() and params.grad.isfinite().all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match='Bx5'):
        ellipse_mask(torch.zeros(2, 4), (3, 3))
    with pytest.raises(ValueError, match='sharpness must be positive'):
        ellipse_mask(torch.full((1, 5), 0.5), (3, 3), sharpness=0)
