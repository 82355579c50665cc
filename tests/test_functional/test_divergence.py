import pytest
import torch
import torch.nn.functional as F

from sltnet_mm.functional import divergence_loss


def slow_loss(maps):
    """All pairs, one by one."""
    values = []
    for image in maps:
        cosines = [
            F.cosine_similarity(image[i].flatten(), image[j].flatten(), dim=0)
            for i in range(len(image))
            for j in range(i + 1, len(image))
        ]
        values.append(torch.stack(cosines).sum().abs() / len(cosines))
    return torch.stack(values).mean()


@pytest.mark.parametrize('count', [2, 3, 8])
def test_loss_and_gradient_against_all_pairs(count):
    maps = torch.randn(4, count, 3, 5, dtype=torch.float64, requires_grad=True)
    loss = divergence_loss(maps)
    torch.testing.assert_close(loss, slow_loss(maps), atol=1e-7, rtol=1e-6)
    gradient = torch.autograd.grad(loss, maps)[0]
    torch.testing.assert_close(gradient, torch.autograd.grad(slow_loss(maps), maps)[0], atol=1e-7, rtol=1e-5)


def test_opposite_pairs_cancel_and_opposite_images_do_not():
    a = torch.randn(1, 1, 3, 3)
    assert divergence_loss(torch.cat([a, -a], 1)).item() == pytest.approx(1, abs=1e-6)
    same, opposite = torch.cat([a, a], 1), torch.cat([a, -a], 1)
    assert divergence_loss(torch.cat([same, opposite])).item() == pytest.approx(1, abs=1e-6)
    four = torch.cat([a, a, -a, -a], 1)  # 2 pairs of + 1, 4 of - 1
    assert divergence_loss(four).item() == pytest.approx(2 / 6, abs=1e-6)


def test_zero_maps_have_a_finite_gradient_and_scale_does_not_matter():
    maps = torch.zeros(1, 2, 2, 2, requires_grad=True)
    divergence_loss(maps).backward()
    assert maps.grad.isfinite().all()
    maps = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(divergence_loss(maps * 50), divergence_loss(maps))


@pytest.mark.parametrize('shape', [(2, 1, 3, 3), (0, 4, 3, 3)])
def test_too_few_maps_are_refused(shape):
    with pytest.raises(ValueError, match='at least two maps'):
        divergence_loss(torch.zeros(shape))
