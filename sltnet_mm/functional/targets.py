"""Targets that a map gives to another one: the self-produced guidance of SPG."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_fraction, check_tensor

IGNORED = 255
"""The value of cells that are neither object nor background."""


def ternary_targets(maps: Tensor, low: float, high: float) -> Tensor:
    r"""Object, background, or neither (SPG).

    .. math::
        T(x, y) = \begin{cases} 1, & S(x, y) > \text{high} \\ 0, & S(x, y) < \text{low} \\ 255, & \text{otherwise}
        \end{cases}

    Zhang et al., *Self-produced Guidance for Weakly-supervised Object Localization*, ECCV 2018.

    Args:
        maps: S in [0, 1], of any shape.
        low: In [0, high].
        high: In [low, 1].

    Returns:
        uint8 of the same shape: 1 object, 0 background, 255 ignored. NaN is ignored.

    Raises:
        TypeError: If ``maps`` is not a floating tensor, or a threshold not a number.
        ValueError: If a threshold is outside [0, 1], or ``low`` is above ``high``.

    Example:
        >>> import torch
        >>> ternary_targets(torch.tensor([0.02, 0.05, 0.5, 0.7, 0.9]), low=0.05, high=0.7)
        tensor([  0, 255, 255, 255,   1], dtype=torch.uint8)
    """
    check_tensor('maps', maps, 'any', tuple(range(10)))
    check_fraction('low', low)
    check_fraction('high', high)
    if low > high:
        raise ValueError(f'low must be at most high, got low={low}, high={high}')
    # widened, so that a float16 score is compared with the threshold that was given
    scores = maps.to(torch.float64) if maps.dtype == torch.float64 else maps.float()
    targets = torch.full_like(scores, IGNORED, dtype=torch.uint8)
    return targets.masked_fill(scores > high, 1).masked_fill(scores < low, 0)
