"""Thresholded average pooling, and thresholds that a score map sets itself: Bae et al., IVR, Otsu."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_fraction, check_tensor, full_precision


def thresholded_average_pool(features: Tensor, threshold: float = 0.1) -> Tensor:
    r"""The mean of each channel over the cells above a fraction of the channel's maximum (TAP).

    .. math::
        v_n = \frac{\sum_{(w,h)} \mathbb{1}[F_n(w,h) > \tau \max F_n] \, F_n(w,h)}
                   {\sum_{(w,h)} \mathbb{1}[F_n(w,h) > \tau \max F_n]}

    Bae, Noh, Kim, *Rethinking Class Activation Mapping*, ECCV 2020. The maximum is that of each image and channel.

    Args:
        features: F, B x N x h x w, behind a ReLU.
        threshold: :math:`\tau` in [0, 1); 0.1 in the paper.

    Returns:
        v, B x N in the dtype of the features. A channel without a positive value gives 0. Gradients flow to the
        averaged cells.

    Raises:
        TypeError: If ``features`` is not a floating tensor or ``threshold`` not a number.
        ValueError: If ``threshold`` is outside [0, 1) or the shape is invalid.

    Example:
        >>> import torch
        >>> thresholded_average_pool(torch.tensor([[[[0.0, 0.1], [2.0, 4.0]]]]))
        tensor([[3.]])
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    check_fraction('threshold', threshold)
    if threshold == 1:
        raise ValueError('threshold must be below 1: no cell is above the maximum')
    values = full_precision(features)
    kept = values > threshold * values.detach().amax((2, 3), keepdim=True)
    total = torch.where(kept, values, 0).sum((2, 3))
    return (total / kept.sum((2, 3)).clamp(min=1)).to(features.dtype)


def percentile_threshold(score_map: Tensor, tau: float = 0.35, q: float = 90) -> Tensor:
    r"""A threshold from a percentile of the scores in place of their maximum (PaS).

    .. math::
        t = \tau \cdot \operatorname{percentile}_q(S)

    Bae, Noh, Kim, *Rethinking Class Activation Mapping*, ECCV 2020. ``q=100`` is a fraction of the maximum, as in CAM.

    Args:
        score_map: S, H x W or B x H x W.
        tau: In [0, 1]; 0.35 in the paper.
        q: In [0, 100]; 90 in the paper. Between two scores, the percentile is interpolated linearly, as in numpy.

    Returns:
        The threshold, a scalar or B values; float32, or float64 for a float64 map.

    Raises:
        TypeError: If ``score_map`` is not a floating tensor, or ``tau`` or ``q`` not a number.
        ValueError: If a number is out of range or the shape is invalid.

    Example:
        >>> import torch
        >>> percentile_threshold(torch.arange(101.0).view(1, 101) / 100)
        tensor(0.3150)
    """
    check_tensor('score_map', score_map, 'HxW or BxHxW', (2, 3))
    check_fraction('tau', tau)
    check_fraction('q', q, 0, 100)
    scores = full_precision(score_map).flatten(-2)
    if not scores.shape[-1]:
        raise ValueError(f'score_map must have at least one pixel, got shape {tuple(score_map.shape)}')
    place = q / 100 * (scores.shape[-1] - 1)
    low = int(place)
    # sorted, because torch.quantile takes 16 million scores at most
    ordered = scores.sort(dim=-1).values
    below, above = ordered[..., low], ordered[..., min(low + 1, scores.shape[-1] - 1)]
    return tau * torch.lerp(below, above, place - low)
