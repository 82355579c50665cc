import pytest
import torch

from sltnet_mm.functional import attention_drop_mask, attention_importance, erase, hide_patches


def test_hidden_patches_against_a_loop_over_pixels():
    images = torch.rand(3, 2, 7, 10) + 1  # no side is a multiple of the cell
    hidden = hide_patches(images, 4, 0.4, torch.Generator().manual_seed(3), fill=-5.0)
    drawn = torch.rand(3, 1, 2, 3, generator=torch.Generator().manual_seed(3))
    for b in range(3):
        for y in range(7):
            for x in range(10):
                expected = torch.full((2,), -5.0) if drawn[b, 0, y // 4, x // 4] < 0.4 else images[b, :, y, x]
                assert torch.equal(hidden[b, :, y, x], expected)


def test_cells_are_hidden_at_the_given_rate_and_each_image_for_itself():
    hidden = hide_patches(torch.ones(500, 1, 8, 8), 1, 0.3) == 0
    assert abs(hidden.float().mean().item() - 0.3) < 0.02
    assert not torch.equal(hidden[0], hidden[1])


def test_none_and_all_are_hidden_at_the_ends():
    images = torch.rand(2, 3, 6, 6)
    assert torch.equal(hide_patches(images, 2, 0.0), images)
    assert not hide_patches(images, 2, 1.0).any()
    assert hide_patches(images.half(), 100, 1.0).dtype == torch.float16


@pytest.mark.parametrize('grid_size', [0, -1, 2.5, True])
def test_a_wrong_grid_is_refused(grid_size):
    with pytest.raises(ValueError, match='grid_size must be a whole number of pixels'):
        hide_patches(torch.zeros(1, 3, 4, 4), grid_size, 0.5)


def test_a_wrong_probability_is_refused():
    with pytest.raises(ValueError, match='hide_prob must be in'):
        hide_patches(torch.zeros(1, 3, 4, 4), 2, 1.5)


def test_importance_and_drop_mask_against_loops():
    features = torch.randn(3, 5, 4, 6).relu()
    importance, mask = attention_importance(features), attention_drop_mask(features, 0.7)
    assert importance.shape == mask.shape == (3, 1, 4, 6)
    for b in range(3):
        means = [[sum(features[b, n, y, x].item() for n in range(5)) / 5 for x in range(6)] for y in range(4)]
        top = max(max(row) for row in means)
        for y in range(4):
            for x in range(6):
                assert mask[b, 0, y, x] == (0 if means[y][x] >= 0.7 * top else 1)
                assert importance[b, 0, y, x].item() == pytest.approx(1 / (1 + 2.718281828 ** -means[y][x]), abs=1e-5)


def test_the_maximum_is_that_of_each_image_and_is_itself_dropped():
    features = torch.stack([torch.ones(2, 3, 3), 100 * torch.ones(2, 3, 3)])
    features[:, :, 0, 0] *= 2
    mask = attention_drop_mask(features, 1.0)
    assert mask[:, 0].flatten(1).sum(1).tolist() == [8, 8] and not mask[:, 0, 0, 0].any()


def test_the_drop_mask_has_no_gradient_and_importance_has_one():
    features = torch.rand(1, 2, 3, 3, requires_grad=True)
    assert not attention_drop_mask(features, 0.5).requires_grad
    attention_importance(features).sum().backward()
    assert (features.grad > 0).all()


@pytest.mark.parametrize('gamma', [-0.1, 1.1, float('nan')])
def test_gamma_out_of_range_is_refused(gamma):
    with pytest.raises(ValueError, match='gamma must be in'):
        attention_drop_mask(torch.zeros(1, 2, 3, 3), gamma)


def test_erase_against_a_loop_and_at_equality():
    features, maps = torch.rand(2, 3, 4, 5) + 1, torch.rand(2, 4, 5)
    maps[0, 0, 0] = 0.6
    erased = erase(features, maps, 0.6)
    for b in range(2):
        for y in range(4):
            for x in range(5):
                keep = 0 if maps[b, y, x] >= 0.6 else 1
                assert torch.equal(erased[b, :, y, x], keep * features[b, :, y, x])
    assert not erased[0, :, 0, 0].any()


def test_erase_passes_gradients_to_kept_cells_only():
    features = torch.rand(1, 1, 1, 2, requires_grad=True)
    maps = torch.tensor([[[0.2, 0.9]]], requires_grad=True)
    erase(features, maps, 0.5).sum().backward()
    assert features.grad.flatten().tolist() == [1, 0] and maps.grad is None


def test_erase_refuses_maps_of_another_size():
    with pytest.raises(ValueError, match='resize them first'):
        erase(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 2), 0.5)
    with pytest.raises(ValueError, match='threshold must be in'):
        erase(torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4), 1.2)
