"""Soft ellipses with gradients to their parameters: the masks of GC-Net."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor, full_precision

SMALLEST_AXIS = 1e-4
"""Shorter axes count as this fraction of the image, so that no division by zero happens."""


def ellipse_mask(params: Tensor, size: Sequence[int], sharpness: float | Tensor = 10.0) -> Tensor:
    r"""The soft mask of a rotated ellipse: near 1 inside, 1/2 on the edge, near 0 outside (GC-Net).

    .. math::
        m = \frac{1}{2} - \frac{1}{\pi} \arctan(s \, (q - 1)), \qquad
        q = (\frac{\Delta x \cos\theta + \Delta y \sin\theta}{a / 2})^2
          + (\frac{\Delta x \sin\theta - \Delta y \cos\theta}{b / 2})^2

    Lu et al., *Geometry Constrained Weakly Supervised Object Localization*, ECCV 2020. Coordinates are fractions of
    the image, taken at pixel centers.

    Args:
        params: B x 5 in (0, 1): the center cx, cy; the whole axes a, b; and the angle t, with
            :math:`\theta = (t - 1/2) \pi`.
        size: (H, W) of the masks in pixels.
        sharpness: s > 0, a number or a scalar tensor, which may be learned.

    Returns:
        B x H x W in (0, 1), at least float32, with gradients to ``params`` and ``sharpness``.

    Raises:
        TypeError: If ``params`` is not a floating tensor.
        ValueError: If a shape, ``size`` or a sharpness given as a number is invalid.

    Example:
        >>> import torch
        >>> mask = ellipse_mask(torch.tensor([[0.5, 0.5, 0.7, 0.4, 0.5]]), (3, 5))
        >>> (mask > 0.5).int()
        tensor([[[0, 0, 0, 0, 0],
                 [0, 1, 1, 1, 0],
                 [0, 0, 0, 0, 0]]], dtype=torch.int32)
    """
    params = _checked(params)
    height, width = check_size('size', size)
    if not isinstance(sharpness, Tensor) and not sharpness > 0:
        raise ValueError(f'sharpness must be positive, got {sharpness!r}')
    cx, cy, a, b, angle = params[:, :, None, None].unbind(1)  # B x 1 x 1
    theta = (angle - 0.5) * math.pi
    x = (torch.arange(width, device=params.device, dtype=params.dtype) + 0.5) / width - cx  # B x 1 x W
    y = (torch.arange(height, device=params.device, dtype=params.dtype)[:, None] + 0.5) / height - cy  # B x H x 1
    along = (x * theta.cos() + y * theta.sin()) / (a.clamp(min=SMALLEST_AXIS) / 2)
    across = (x * theta.sin() - y * theta.cos()) / (b.clamp(min=SMALLEST_AXIS) / 2)
    return 0.5 - torch.atan(sharpness * (along.square() + across.square() - 1)) / math.pi


def ellipse_boxes(params: Tensor) -> Tensor:
    r"""The smallest boxes around rotated ellipses.

    .. math::
        x = c_x \pm \sqrt{(a/2)^2 \cos^2\theta + (b/2)^2 \sin^2\theta}, \qquad
        y = c_y \pm \sqrt{(a/2)^2 \sin^2\theta + (b/2)^2 \cos^2\theta}

    Args:
        params: B x 5, as for :func:`ellipse_mask`.

    Returns:
        B x 4 xyxy as fractions of the image, clipped to [0, 1]; at least float32.

    Raises:
        TypeError: If ``params`` is not a floating tensor.
        ValueError: If the shape is invalid.

    Example:
        >>> import torch
        >>> ellipse_boxes(torch.tensor([[0.5, 0.5, 0.75, 0.5, 0.5]]))
        tensor([[0.1250, 0.2500, 0.8750, 0.7500]])
    """
    cx, cy, a, b, angle = _checked(params).unbind(1)
    theta = (angle - 0.5) * math.pi
    cos, sin = theta.cos(), theta.sin()
    half_width = torch.hypot(a * cos, b * sin) / 2
    half_height = torch.hypot(a * sin, b * cos) / 2
    return torch.stack([cx - half_width, cy - half_height, cx + half_width, cy + half_height], 1).clamp(0, 1)


def _checked(params: Tensor) -> Tensor:
    check_tensor('params', params, 'Bx5 (cx, cy, a, b, theta)', 2)
    if params.shape[1] != 5:
        raise ValueError(f'params must have shape Bx5 (cx, cy, a, b, theta), got {tuple(params.shape)}')
    return full_precision(params)
