"""The one way in which images and maps are resized here."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor, full_precision


def resize_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resize (align_corners=False, no antialiasing); the very same tensor where the size is right already.

    Args:
        maps: B x C x h x w; half precision is interpolated in float32.
        size: (height, width) of the result.

    Returns:
        B x C x height x width in the dtype of ``maps``.

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
