"""Color adjustments with one factor per image: the arithmetic of torchvision's ``adjust_*``, batched."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_tensor, full_precision

# ITU-R BT.601 luma, with the digits torchvision uses.
LUMA = (0.2989, 0.587, 0.114)


def adjust_color(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor, hue: Tensor) -> Tensor:
    """Adjust brightness, then contrast, saturation and hue, with separate amounts per image.

    The result equals ``torchvision.transforms.functional.adjust_brightness``, ``adjust_contrast``,
    ``adjust_saturation`` and ``adjust_hue`` applied in this order to each image, in one computation for the batch.

    Args:
        images: B x 3 x H x W, RGB in [0, 1].
        brightness: B factors >= 0; 1 changes nothing, 0 gives black.
        contrast: B factors >= 0, relative to the mean gray of the image; 1 changes nothing, 0 gives that gray.
        saturation: B factors >= 0, relative to the gray of each pixel; 1 changes nothing, 0 gives a gray image.
        hue: B shifts in [-0.5, 0.5] turns of the color circle; 0 changes nothing.

    Returns:
        B x 3 x H x W in [0, 1], clamped after every step, in the dtype of ``images`` (half precision is computed in
        float32).

    Raises:
        TypeError: If ``images`` is not a floating tensor.
        ValueError: If ``images`` does not have three channels, or an amount does not have one number per image.

    Example:
        >>> import torch
        >>> red, one = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1), torch.ones(1)
        >>> adjust_color(red, one, one, one, hue=torch.tensor([1 / 3])).flatten().round(decimals=3)  # green
        tensor([0., 1., 0.])
        >>> adjust_color(red, 0.5 * one, one, one, hue=0 * one).flatten()
        tensor([0.5000, 0.0000, 0.0000])
    """
    check_tensor('images', images, 'Bx3xHxW', 4)
    if images.shape[1] != 3:
        raise ValueError(f'images must have the three channels R, G, B, got shape {tuple(images.shape)}')
    out = full_precision(images)
    for name, factor in (('brightness', brightness), ('contrast', contrast), ('saturation', saturation), ('hue', hue)):
        if factor.shape != (len(images),):
            raise ValueError(
                f'{name} must hold one number per image, shape ({len(images)},), got {tuple(factor.shape)}'
            )
    brightness, contrast, saturation, hue = (
        factor.to(out.dtype)[:, None, None, None] for factor in (brightness, contrast, saturation, hue)
    )
    out = (out * brightness).clamp(0, 1)
    out = _blend(out, _gray(out).mean((2, 3), keepdim=True), contrast)
    out = _blend(out, _gray(out), saturation)
    return _turn_hue(out, hue).to(images.dtype)


def _gray(images: Tensor) -> Tensor:
    red, green, blue = images.unbind(1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue)[:, None]  # B x 1 x H x W


def _blend(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    return (other + factor * (images - other)).clamp(0, 1)


def _turn_hue(images: Tensor, shift: Tensor) -> Tensor:
    """Convert to HSV, add ``shift`` to the hue, and convert back.

    With value V and chroma C = V S, a channel is V - C clamp(min(k, 4 - k), 0, 1), where k = (n + 6 hue) mod 6 with n =
    5, 3, 1 for red, green, blue.
    """
    value, which = images.max(1, keepdim=True)
    chroma = value - images.amin(1, keepdim=True)
    red, green, blue = images.split(1, dim=1)
    step = torch.where(chroma > 0, chroma, 1)  # gray has no hue: any value works, its chroma is 0
    sector = torch.where(
        which == 0, (green - blue) / step, torch.where(which == 1, 2 + (blue - red) / step, 4 + (red - green) / step)
    )
    sector = sector + 6 * shift
    channels = [(n + sector) % 6 for n in (5, 3, 1)]
    return torch.cat([value - chroma * torch.minimum(k, 4 - k).clamp(0, 1) for k in channels], dim=1)
