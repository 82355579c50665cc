"""Class activation maps (eq. 6, 7), their average over the top K classes (eq. 9), and score maps in [0, 1].

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021, Sec. 3.2 and 3.3; CAM
itself is from Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import check_tensor, check_top_k, full_precision
from sltnet_mm.functional.resize import resize_maps


def class_maps(features: Tensor, weight: Tensor) -> Tensor:
    r"""Class activation maps of eq. 7: no ReLU, no normalization, no bias.

    .. math::
        M_c = \sum_{n=1}^{N} w_{n,c} \cdot F_n

    The spatial mean of :math:`M_c` is the logit of class c after global average pooling, :math:`v_n = \frac{1}{W \times
    H} \sum_{(w,h)} F_n(w, h)` (eq. 6), and a linear layer without bias.

    Args:
        features: F, the last feature maps, B x N x h x w.
        weight: Weight of the linear layer, C x N (``torch.nn.Linear.weight``; flatten the weight of a 1x1 convolution).

    Returns:
        Class maps M, B x C x h x w, in the dtype of ``features`` (under autocast, that of the convolution).

    Raises:
        TypeError: If an argument is not a floating tensor.
        ValueError: If the numbers of channels differ or a shape is invalid.

    Example:
        >>> import torch
        >>> features, weight = torch.rand(2, 8, 7, 7), torch.rand(5, 8)
        >>> maps = class_maps(features, weight)
        >>> maps.shape
        torch.Size([2, 5, 7, 7])
        >>> torch.allclose(maps.mean((2, 3)), features.mean((2, 3)) @ weight.T)
        True
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    check_tensor('weight', weight, 'CxN', 2)
    if features.shape[1] != weight.shape[1]:
        raise ValueError(
            f'features and weight must agree in the number of channels N, got features '
            f'{tuple(features.shape)} (BxNxhxw) and weight {tuple(weight.shape)} (CxN)'
        )
    return F.conv2d(features, weight[:, :, None, None])


def average_top_k_maps(maps: Tensor, logits: Tensor, k: int) -> Tensor:
    r"""ACAM: the mean of the class maps of the K classes with the largest logits (eq. 9).

    .. math::
        A = \frac{1}{K} \sum_{j \in t} M_j

    where t are the top K classes. The logits alone choose the classes; gradients flow to the chosen maps, not to the
    logits. If logits tie at the K-th place, ``torch.topk`` decides. K = 1 gives the CAM of the predicted class, K = C
    the mean of all maps.

    Args:
        maps: Class maps M, B x C x h x w.
        logits: B x C, of the same images.
        k: K, with 1 <= K <= C.

    Returns:
        A, B x h x w, in the dtype of ``maps``. A NaN in a chosen map stays NaN.

    Raises:
        TypeError: If a map or logit tensor is not floating, or ``k`` is not an int.
        ValueError: If ``k`` is out of range, or the batch sizes or numbers of classes differ.

    Example:
        >>> import torch
        >>> maps = torch.arange(3.).view(1, 3, 1, 1).expand(1, 3, 2, 2)
        >>> average_top_k_maps(maps, torch.tensor([[0.5, 3.0, 2.0]]), k=2)
        tensor([[[1.5000, 1.5000],
                 [1.5000, 1.5000]]])
    """
    check_tensor('maps', maps, 'BxCxhxw', 4)
    check_tensor('logits', logits, 'BxC', 2)
    if maps.shape[:2] != logits.shape:
        raise ValueError(
            f'maps and logits must agree in batch size and number of classes, got maps '
            f'{tuple(maps.shape)} (BxCxhxw) and logits {tuple(logits.shape)} (BxC)'
        )
    check_top_k(k, logits.shape[1])
    top_classes = logits.topk(k, dim=1).indices  # B x K
    index = top_classes[:, :, None, None].expand(-1, -1, *maps.shape[2:])  # B x K x h x w
    return maps.gather(1, index).mean(1)


def to_score_map(maps: Tensor, size: Sequence[int]) -> Tensor:
    r"""Resize maps to the network input, then min-max normalize each of them to [0, 1].

    .. math::
        S = \frac{A' - \min A'}{\max A' - \min A'}

    where A' is the resized map. Resizing is bilinear with align_corners=False and no antialiasing. The extremes are
    those of the *resized* map, so every score map that is not constant reaches exactly 0 and 1.

    Args:
        maps: One raw map per image, B x h x w, with any offset and scale.
        size: (H, W) of the result in pixels, usually the network input.

    Returns:
        Score maps, B x H x W in [0, 1]; float32 (float64 for float64 maps), also for half precision. A constant map
        gives zeros; a map with a NaN is NaN everywhere, a map with an infinity is NaN at least there.

    Raises:
        TypeError: If ``maps`` is not a floating tensor.
        ValueError: If ``maps`` does not have three dimensions or ``size`` is not two positive integers.

    Example:
        >>> import torch
        >>> to_score_map(torch.tensor([[[-1.0, 3.0]]]), size=(1, 4))
        tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])
        >>> to_score_map(torch.full((1, 7, 7), 0.1), size=(3, 3)).max()
        tensor(0.)
    """
    check_tensor('maps', maps, 'Bxhxw', 3)
    maps = full_precision(maps)
    # Tested before resizing: interpolation leaves rounding noise on a constant, which min-max would amplify to 1.
    constant = maps.amax((1, 2), keepdim=True) - maps.amin((1, 2), keepdim=True) == 0
    resized = resize_maps(maps[:, None], size)[:, 0]
    low = resized.amin((1, 2), keepdim=True)
    span = resized.amax((1, 2), keepdim=True) - low
    constant = constant | (span == 0)
    # NaN, including that of inf - inf, is unequal to everything: it is never taken for a constant and stays NaN.
    return torch.where(constant, torch.zeros_like(resized), (resized - low) / torch.where(constant, 1.0, span))
