import math

import pytest
import torch

from sltnet_mm.functional import ColorJitter, Compose, HorizontalFlip, Scale, adjust_color, resize_maps


def smooth_maps(batch=2, classes=3, height=20, width=28):
    """A few waves over the image: what a resize can give back."""
    y = torch.linspace(0, math.pi, height)[:, None]
    x = torch.linspace(0, 2 * math.pi, width)
    phases = torch.arange(batch * classes).view(batch, classes, 1, 1)
    return torch.cos(y + phases) * torch.sin(x + 2 * phases)


def test_color_jitter_draws_the_ranges_for_each_image():
    view = ColorJitter(0.4, 1.5, 0.2, 0.1)
    params = view.draw(torch.zeros(4000, 3, 1, 1), torch.Generator().manual_seed(0))
    assert params.shape == (4000, 4)
    for column, low, high in zip(params.unbind(1), (0.6, 0.0, 0.8, -0.1), (1.4, 2.5, 1.2, 0.1), strict=True):
        assert low <= column.min() < low + 0.01 * (high - low)
        assert high >= column.max() > high - 0.01 * (high - low)
        assert abs(column.mean() - (low + high) / 2) < 0.03 * (high - low)


def test_color_jitter_applies_its_parameters_and_moves_no_map():
    view, images = ColorJitter(), torch.rand(3, 3, 5, 4)
    params = view.draw(images)
    assert torch.equal(view.apply(images, params), adjust_color(images, *params.unbind(1)))
    maps = torch.rand(3, 7, 2, 2)
    assert torch.equal(view.invert(maps, params, (2, 2)), maps)
    still = ColorJitter(0, 0, 0, 0)
    torch.testing.assert_close(still.apply(images, still.draw(images)), images)


def test_flip_mirrors_the_drawn_images_only():
    images = torch.rand(4, 3, 5, 7)
    params = torch.tensor([True, False, False, True])
    flipped = HorizontalFlip().apply(images, params)
    for i in range(4):
        assert torch.equal(flipped[i], images[i].flip(-1) if params[i] else images[i])


@pytest.mark.parametrize('dtype', [torch.float16, torch.float32])
@pytest.mark.parametrize('shape', [(1, 3, 8, 8), (5, 2, 7, 4), (0, 3, 4, 4)])
def test_flip_round_trip_is_exact(shape, dtype):
    view, maps = HorizontalFlip(), torch.rand(shape).to(dtype)
    params = view.draw(maps)
    assert torch.equal(view.invert(view.apply(maps, params), params, shape[-2:]), maps)


def test_flip_probability():
    images = torch.zeros(4000, 1, 1, 1)
    for prob in (0.0, 0.25, 1.0):
        drawn = HorizontalFlip(prob).draw(images, torch.Generator().manual_seed(0))
        assert drawn.dtype == torch.bool
        assert abs(drawn.float().mean() - prob) < 0.03 * (0 < prob < 1) + 1e-9


def test_scale_sizes():
    assert Scale().apply(torch.rand(1, 3, 224, 160), 0.875).shape == (1, 3, 196, 140)
    assert Scale().apply(torch.rand(2, 3, 5, 3), 1.5).shape == (2, 3, 8, 4)  # 7.5 and 4.5: round() takes the even
    assert Scale().apply(torch.rand(2, 3, 5, 3), 0.01).shape == (2, 3, 1, 1)
    assert Scale().invert(torch.rand(2, 9, 12, 9), 0.875, (14, 10)).shape == (2, 9, 14, 10)


def test_scale_draws_every_factor_and_one_a_batch():
    view, generator = Scale((0.5, 0.875, 1.25)), torch.Generator().manual_seed(0)
    drawn = [view.draw(torch.zeros(8, 3, 4, 4), generator) for _ in range(300)]
    assert all(isinstance(scale, float) for scale in drawn)
    assert {scale: drawn.count(scale) > 70 for scale in drawn} == {0.5: True, 0.875: True, 1.25: True}


@pytest.mark.parametrize(('scale', 'error'), [(0.875, 0.03), (1.25, 0.03), (0.7, 0.05)])
def test_scale_round_trip_of_smooth_maps(scale, error):
    maps = smooth_maps()
    view = Scale((scale,))
    restored = view.invert(view.apply(maps, scale), scale, (20, 28))
    assert (restored - maps).abs().max() < error
    assert Scale((1.0,)).apply(maps, 1.0) is maps


def test_scaling_moves_no_center():
    # With align_corners=False a linear ramp over pixel centers stays one: position (x + 0.5) / width.
    width = 40
    ramp = ((torch.arange(width) + 0.5) / width).expand(1, 1, 4, width)
    for scale in (0.5, 0.875, 2.0):
        scaled = Scale((scale,)).apply(ramp, scale)
        new = scaled.shape[-1]
        expected = (torch.arange(new) + 0.5) / new
        torch.testing.assert_close(scaled[0, 0, 0, 2:-2], expected[2:-2])


def test_compose_applies_in_order_and_inverts_in_reverse():
    calls = []

    class Recorder:
        def __init__(self, name):
            self.name = name

        def draw(self, images, generator=None):
            return self.name

        def apply(self, images, params):
            calls.append(('apply', self.name, params))
            return images

        def invert(self, maps, params, size):
            calls.append(('invert', self.name, params))
            return maps

    view = Compose([Recorder('a'), Recorder('b')])
    images = torch.rand(1, 3, 4, 4)
    params = view.draw(images)
    view.apply(images, params)
    assert view.invert(torch.rand(1, 2, 3, 3), params, (4, 5)).shape == (1, 2, 4, 5)
    assert calls == [('apply', 'a', 'a'), ('apply', 'b', 'b'), ('invert', 'b', 'b'), ('invert', 'a', 'a')]


@pytest.mark.parametrize('order', ['flip, scale', 'scale, flip', 'two scales'])
def test_compose_round_trip(order):
    flip, scale = HorizontalFlip(), Scale()
    view = Compose(
        {'flip, scale': [flip, scale], 'scale, flip': [scale, flip], 'two scales': [Scale((1.25,)), flip, scale]}[order]
    )
    maps = smooth_maps(batch=8)
    params = view.draw(maps, torch.Generator().manual_seed(0))
    viewed = view.apply(maps, params)
    assert viewed.shape != maps.shape
    restored = view.invert(viewed, params, (20, 28))
    assert restored.shape == maps.shape
    assert (restored - maps).abs().max() < 0.03


def test_compose_without_views_and_with_too_few_parameters():
    maps = torch.rand(1, 2, 3, 3)
    assert Compose([]).apply(maps, ()) is maps
    assert Compose([]).invert(maps, (), (6, 5)).shape == (1, 2, 6, 5)
    with pytest.raises(ValueError):
        Compose([HorizontalFlip()]).apply(maps, ())


def test_the_same_generator_gives_the_same_view_and_another_another():
    view, images = Compose([ColorJitter(), HorizontalFlip(), Scale((0.5, 0.75, 1.25))]), torch.rand(6, 3, 8, 8)
    draws = []
    for seed in (0, 0, 1):
        color, flip, scale = view.draw(images, torch.Generator().manual_seed(seed))
        draws.append((color.tolist(), flip.tolist(), scale))
    assert draws[0] == draws[1] != draws[2]
    torch.manual_seed(3)
    first = view.draw(images)
    torch.manual_seed(3)
    second = view.draw(images)
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1]) and first[2] == second[2]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_keeps_its_dtype(dtype):
    view, images = Compose([ColorJitter(), HorizontalFlip(), Scale()]), torch.rand(2, 3, 16, 24).to(dtype)
    params = view.draw(images)
    viewed = view.apply(images, params)
    assert viewed.dtype == dtype
    torch.testing.assert_close(viewed.float(), view.apply(images.float(), params), atol=0.02, rtol=0)
    assert view.invert(viewed, params, (16, 24)).dtype == dtype


def test_gradients_pass_back_through_invert():
    view, maps = Compose([HorizontalFlip(1.0), Scale()]), torch.rand(2, 3, 12, 12, requires_grad=True)
    view.invert(maps, (torch.tensor([True, False]), 0.875), (14, 14)).sum().backward()
    # Bilinear weights of all outputs add up to the number of outputs.
    torch.testing.assert_close(maps.grad.sum(), torch.tensor(2 * 3 * 14 * 14.0))


def test_resize_keeps_the_tensor_of_the_right_size_and_nan():
    maps = torch.rand(1, 1, 4, 4)
    assert resize_maps(maps, [4, 4]) is maps
    maps[0, 0, 0, 0] = torch.nan
    assert resize_maps(maps, (8, 8)).isnan().any()


def test_refusals():
    for name, value in [('brightness', -1), ('contrast', -0.1), ('saturation', float('nan')), ('hue', 0.6)]:
        with pytest.raises(ValueError, match=f'{name} must be in'):
            ColorJitter(**{name: value})
    with pytest.raises(ValueError, match='prob must be in'):
        HorizontalFlip(1.5)
    for scales in ((), 0.875, (0.5, 0), (-1,), (float('inf'),)):
        with pytest.raises(ValueError, match='scales must be'):
            Scale(scales)
    with pytest.raises(ValueError, match='BxCxHxW'):
        HorizontalFlip().draw(torch.rand(3, 4, 4))
