import pytest
import torch
import torchvision.transforms.functional as TF

from sltnet_mm.functional import adjust_color


def reference(image, brightness, contrast, saturation, hue):
    image = TF.adjust_brightness(image, brightness)
    image = TF.adjust_contrast(image, contrast)
    image = TF.adjust_saturation(image, saturation)
    return TF.adjust_hue(image, hue)


def random_images(batch, height=9, width=6):
    images = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    images[:, :, 0, 0] = 0.3  # gray
    images[:, :, 0, 1], images[:, :, 0, 2] = 0.0, 1.0
    images[:, 0, 1], images[:, 1, 1] = 0.7, 0.7  # two channels equal
    return images


def test_each_image_against_torchvision():
    generator = torch.Generator().manual_seed(1)
    images = random_images(24)
    factors = 2.5 * torch.rand(24, 3, generator=generator)
    hue = torch.rand(24, 1, generator=generator) - 0.5
    result = adjust_color(images, *torch.cat([factors, hue], 1).unbind(1))
    expected = torch.stack(
        [reference(image, *f.tolist(), h.item()) for image, f, h in zip(images, factors, hue, strict=True)]
    )
    torch.testing.assert_close(result, expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize('which', range(4))
def test_one_adjustment_at_a_time_against_torchvision(which):
    images = random_images(5)
    params = torch.tensor([1.0, 1.0, 1.0, 0.0]).repeat(5, 1)
    params[:, which] = torch.tensor([0.0, 0.3, 0.5, -0.4, -0.1]) if which == 3 else torch.tensor([0.0, 0.5, 1, 1.4, 3])
    expected = torch.stack([reference(image, *p.tolist()) for image, p in zip(images, params, strict=True)])
    torch.testing.assert_close(adjust_color(images, *params.unbind(1)), expected, atol=2e-5, rtol=0)


def test_neutral_parameters_keep_the_images():
    images, one = random_images(4), torch.ones(4)
    torch.testing.assert_close(adjust_color(images, one, one, one, 0 * one), images)


def test_hue_goes_round():
    images, one = random_images(2), torch.ones(2)
    third = adjust_color(images, one, one, one, one / 3)
    torch.testing.assert_close(third, images.roll(1, dims=1), atol=1e-5, rtol=0)  # red becomes green
    back = adjust_color(third, one, one, one, -one / 3)
    torch.testing.assert_close(back, images, atol=1e-5, rtol=0)


def test_results_stay_in_range_and_finite_on_flat_colors():
    images = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2), torch.full((3, 2, 2), 0.5)])
    one = torch.ones(3)
    result = adjust_color(images, 3 * one, 2 * one, 2 * one, one / 4)
    assert result.isfinite().all()
    assert 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_dtype_is_kept_and_half_precision_computed_in_float32(dtype):
    images = random_images(3).to(dtype)
    params = [torch.tensor([0.7, 1.0, 1.3])] * 3 + [torch.tensor([-0.1, 0.0, 0.1])]
    result = adjust_color(images, *params)
    assert result.dtype == dtype
    if dtype != torch.float64:
        assert torch.equal(result, adjust_color(images.float(), *params).to(dtype))


def test_refusals():
    one = torch.ones(2)
    with pytest.raises(ValueError, match='three channels'):
        adjust_color(torch.rand(2, 1, 4, 4), one, one, one, one)
    with pytest.raises(ValueError, match='contrast must hold one number per image'):
        adjust_color(torch.rand(2, 3, 4, 4), one, torch.ones(3), one, one)
