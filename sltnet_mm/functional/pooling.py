"""Thresholded average pooling (Bae et al.)."""

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
