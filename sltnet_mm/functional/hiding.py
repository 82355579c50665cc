"""Parts of an image or of its features that are hidden in training: HaS, ADL, ACoL, MEIL."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_fraction, check_tensor, full_precision
from sltnet_mm.functional._random import uniform


def hide_patches(
    images: Tensor, grid_size: int, hide_prob: float, generator: torch.Generator | None = None, fill: float = 0.0
) -> Tensor:
    """Hide each cell of a grid with a probability, drawn per image (Hide-and-Seek).

    Singh and Lee, *Hide-and-Seek*, ICCV 2017. A cell that reaches over the right or lower edge is cut off there.

    Args:
        images: B x C x H x W, normalized.
        grid_size: Side of a cell in pixels, at least 1.
        hide_prob: Probability in [0, 1] of each cell to be hidden.
        generator: On the device of the images or on the CPU; None is torch's own.
        fill: Value of hidden pixels; 0 is the data set's mean color in normalized images.

    Returns:
        New images of the same shape and dtype.

    Raises:
        TypeError: If ``images`` is not a floating tensor.
        ValueError: If ``grid_size`` or ``hide_prob`` is out of range, or the shape is invalid.

    Example:
        >>> import torch
        >>> hidden = hide_patches(torch.ones(2, 3, 8, 8), 4, 0.5, torch.Generator().manual_seed(0))
        >>> hidden[:, 0, ::4, ::4].flatten(1)  # one pixel of each of the four cells
        tensor([[0., 1., 0., 0.],
                [0., 1., 0., 1.]])
    """
    check_tensor('images', images, 'BxCxHxW', 4)
    check_fraction('hide_prob', hide_prob)
    if isinstance(grid_size, bool) or grid_size != int(grid_size) or grid_size < 1:
        raise ValueError(f'grid_size must be a whole number of pixels, at least 1, got {grid_size!r}')
    number, _, height, width = images.shape
    rows, columns = -(-height // grid_size), -(-width // grid_size)
    hidden = uniform((number, 1, rows, columns), images.device, generator) < hide_prob
    hidden = hidden.repeat_interleave(grid_size, 2).repeat_interleave(grid_size, 3)
    return images.masked_fill(hidden[:, :, :height, :width], fill)


def attention_importance(features: Tensor) -> Tensor:
    r"""The importance map of ADL: where the features are strong.

    .. math::
        I = \sigma(\frac{1}{N} \sum_{n=1}^{N} F_n)

    Choe and Shim, *Attention-based Dropout Layer*, CVPR 2019.

    Args:
        features: F, B x N x h x w.

    Returns:
        B x 1 x h x w in (0, 1), in the dtype of the features.

    Raises:
        TypeError: If ``features`` is not a floating tensor.
        ValueError: If the shape is invalid.

    Example:
        >>> import torch
        >>> attention_importance(torch.zeros(1, 8, 2, 2)).flatten()
        tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    return features.mean(1, keepdim=True).sigmoid()


def attention_drop_mask(features: Tensor, gamma: float) -> Tensor:
    r"""The drop mask of ADL and MEIL: 0 at the most discriminative cells, 1 elsewhere.

    .. math::
        D(w, h) = \begin{cases} 0, & A(w, h) \ge \gamma \cdot \max A \\ 1, & \text{otherwise} \end{cases}
        \qquad A = \frac{1}{N} \sum_{n=1}^{N} F_n

    Choe and Shim, *Attention-based Dropout Layer*, CVPR 2019. The maximum is that of each image.

    Args:
        features: F, B x N x h x w, usually behind a ReLU.
        gamma: In [0, 1]; 0 drops every cell.

    Returns:
        B x 1 x h x w, 0 or 1 in the dtype of the features, without gradient.

    Raises:
        TypeError: If ``features`` is not a floating tensor or ``gamma`` not a number.
        ValueError: If ``gamma`` is outside [0, 1] or the shape is invalid.

    Example:
        >>> import torch
        >>> attention_drop_mask(torch.tensor([[[[0.1, 0.7], [0.9, 1.0]]]]), gamma=0.8)
        tensor([[[[1., 1.],
                  [0., 0.]]]])
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    check_fraction('gamma', gamma)
    attention = full_precision(features.detach()).mean(1, keepdim=True)
    dropped = attention >= gamma * attention.amax((2, 3), keepdim=True)
    return (~dropped).to(features.dtype)


def erase(features: Tensor, maps: Tensor, threshold: float) -> Tensor:
    r"""Features with the cells set to zero where a map reaches a threshold (adversarial erasing).

    .. math::
        F'(w, h) = \begin{cases} 0, & S(w, h) \ge \text{threshold} \\ F(w, h), & \text{otherwise} \end{cases}

    Zhang et al., *Adversarial Complementary Learning*, CVPR 2018 (ACoL); Mai et al., *Erasing Integrated Learning*,
    CVPR 2020 (MEIL).

    Args:
        features: F, B x N x h x w.
        maps: S, B x h x w in [0, 1]. No gradient flows to it.
        threshold: In [0, 1].

    Returns:
        New features of the same shape and dtype.

    Raises:
        TypeError: If a tensor is not floating or ``threshold`` not a number.
        ValueError: If ``threshold`` is outside [0, 1] or the shapes do not match.

    Example:
        >>> import torch
        >>> erase(torch.ones(1, 2, 1, 3), torch.tensor([[[0.2, 0.6, 1.0]]]), threshold=0.6)[0, :, 0]
        tensor([[1., 0., 0.],
                [1., 0., 0.]])
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    check_tensor('maps', maps, 'Bxhxw', 3)
    check_fraction('threshold', threshold)
    if (features.shape[0], *features.shape[2:]) != tuple(maps.shape):
        raise ValueError(
            f'maps must be Bxhxw of the features {tuple(features.shape)} (BxNxhxw), got {tuple(maps.shape)}; '
            'resize them first (resize_maps)'
        )
    return features.masked_fill((maps >= threshold)[:, None], 0)
