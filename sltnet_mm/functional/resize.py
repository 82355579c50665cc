"""Resizing: images and maps are resized in this one way throughout the package."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor, full_precision


def resize_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Resize maps bilinearly (align_corners=False, no antialiasing).

    Args:
        maps: B x C x h x w; half precision is interpolated in float32.
        size: (height, width) of the result.

    Returns:
        B x C x height x width in the dtype of ``maps``; ``maps`` itself if it already has this size.

    Raises:
        TypeError: If ``maps`` is not a floating tensor.
        ValueError: If ``maps`` does not have four dimensions or ``size`` is not two positive integers.

    Example:
        >>> import torch
        >>> resize_maps(torch.tensor([[[[0.0, 1.0]]]]), (1, 4))
        tensor([[[[0.0000, 0.2500, 0.7500, 1.0000]]]])
    """
    check_tensor('maps', maps, 'BxCxhxw', 4)
    size = check_size('size', size)
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(full_precision(maps), size, mode='bilinear', align_corners=False).to(maps.dtype)
