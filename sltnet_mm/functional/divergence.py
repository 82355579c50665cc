"""The discrepant divergent activation loss of DANet."""

from __future__ import annotations

from torch import Tensor

from sltnet_mm.functional._checks import check_tensor, full_precision

EPS = 1e-8
"""Added to the squared length of each map, which keeps the gradient finite where a map is zero."""


def divergence_loss(maps: Tensor) -> Tensor:
    r"""The mean similarity of the maps of an image, which DANet lowers so that the maps cover different parts.

    .. math::
        L_{cos} = \frac{1}{B} \sum_b \frac{2}{M (M - 1)} | \sum_{i < j}
        \frac{\langle A_i, A_j \rangle}{\lVert A_i \rVert \lVert A_j \rVert} |

    Xue et al., *DANet: Divergent Activation for Weakly Supervised Object Localization*, ICCV 2019. The absolute value
    is that of the sum, as in the authors' code, so that similar and opposite pairs cancel out.

    Args:
        maps: A, the maps of the true class of all levels in one size, B x M x h x w with M >= 2, raw. DANet passes a
            random half of them.

    Returns:
        A scalar in [0, 1], at least float32.

    Raises:
        TypeError: If ``maps`` is not a floating tensor.
        ValueError: If there is only one map, no image, or the shape is invalid.

    Example:
        >>> import torch
        >>> divergence_loss(torch.ones(1, 2, 3, 3)), divergence_loss(torch.eye(4).view(1, 4, 2, 2))
        (tensor(1.), tensor(0.))
    """
    check_tensor('maps', maps, 'BxMxhxw', 4)
    number, count = maps.shape[:2]
    if count < 2 or number < 1:
        raise ValueError(f'maps must hold at least two maps of at least one image, got {tuple(maps.shape)} (BxMxhxw)')
    vectors = full_precision(maps).flatten(2)
    unit = vectors / (vectors.square().sum(2, keepdim=True) + EPS).sqrt()
    # the sum over pairs i < j: the square of the sum has each pair twice, and each map once with itself
    pairs = (unit.sum(1).square().sum(1) - unit.square().sum((1, 2))) / 2
    return pairs.abs().mean() / (count * (count - 1) / 2)
