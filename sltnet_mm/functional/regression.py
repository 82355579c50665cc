"""The regressor's box units and its loss: p = xyxy / m, equations 3 and 4."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import REDUCTIONS, check_choice, check_tensor, full_precision


def boxes_to_regression(boxes: Tensor, stride: float) -> Tensor:
    """Pixels of the network input to the regressor's units, p = (x1/m, y1/m, x2/m, y2/m) (text before eq. 3).

    Args:
        boxes: ... x 4, xyxy in pixels of the network input.
        stride: m, the down-sampling factor, > 0: 16 gives cells of the feature map; the side of the input gives [0, 1].

    Returns:
        ... x 4 in units of m pixels, the dtype of ``boxes``; ``regression_to_boxes`` is the inverse.

    Example:
        >>> import torch
        >>> boxes_to_regression(torch.tensor([[32.0, 16.0, 224.0, 64.0]]), stride=16)
        tensor([[ 2.,  1., 14.,  4.]])
    """
    _check_units('boxes', boxes, stride)
    return boxes / stride


def regression_to_boxes(units: Tensor, stride: float) -> Tensor:
    """The regressor's units back to pixels of the network input, xyxy = m p.

    Args:
        units: ... x 4, in units of m pixels.
        stride: m, as given to ``boxes_to_regression``.

    Returns:
        ... x 4, xyxy in pixels of the network input, neither clipped nor sorted, in the dtype of ``units``.

    Example:
        >>> import torch
        >>> regression_to_boxes(torch.tensor([[2.0, 1.0, 14.0, 4.0]]), stride=16)
        tensor([[ 32.,  16., 224.,  64.]])
    """
    _check_units('units', units, stride)
    return units * stride


def smooth_l1(pred: Tensor, target: Tensor) -> Tensor:
    """0.5 x^2 where |x| < 1, else |x| - 0.5, of x = pred - target, element by element (eq. 4).

    Args:
        pred: Any shape.
        target: The same shape.

    Returns:
        The same shape, not reduced; half precision is computed and returned as float32.

    Example:
        >>> import torch
        >>> smooth_l1(torch.tensor([0.5, 1.0, -3.0]), torch.zeros(3))
        tensor([0.1250, 0.5000, 2.5000])
    """
    if pred.shape != target.shape:
        raise ValueError(f'pred and target must have the same shape, got {tuple(pred.shape)} and {tuple(target.shape)}')
    return F.smooth_l1_loss(full_precision(pred), full_precision(target), reduction='none', beta=1.0)


def regression_loss(pred: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = 'mean') -> Tensor:
    """L_REG: smooth L1 summed over the four numbers of a box (eq. 3), averaged over the images.

    The mean is sum(weight * loss) / B: an image without a pseudo box has weight 0 and still counts in B, so that one
    image weighs the same in every batch.

    Args:
        pred: B x 4, the regressor's boxes in its units (``boxes_to_regression``).
        target: B x 4, the pseudo boxes in the same units.
        weight: B weights >= 0, or None for 1 everywhere.
        reduction: 'mean' or 'sum' over the batch, or 'none'.

    Returns:
        A scalar, or B values with 'none'; half precision is computed and returned as float32. The mean over an empty
        batch is 0, with a graph. A NaN stays, whatever its weight.

    Raises:
        ValueError: A shape or the reduction is not as said.

    Example:
        >>> import torch
        >>> pred, target = torch.tensor([[0.0, 0, 3, 3], [1, 1, 2, 2]]), torch.tensor([[0.0, 0, 2, 5], [1, 1, 2, 2]])
        >>> regression_loss(pred, target)
        tensor(1.)
        >>> regression_loss(pred, target, weight=torch.tensor([0.0, 1.0]))
        tensor(0.)
    """
    check_tensor('pred', pred, 'Bx4', 2)
    check_tensor('target', target, 'Bx4', 2)
    check_choice('reduction', reduction, REDUCTIONS)
    if pred.shape[1] != 4:
        raise ValueError(f'pred must have shape Bx4, got {tuple(pred.shape)}')
    loss = smooth_l1(pred, target).sum(1)
    if weight is not None:
        if weight.shape != loss.shape:
            raise ValueError(
                f'weight must hold one number an image, shape {tuple(loss.shape)}, got {tuple(weight.shape)}'
            )
        loss = loss * weight
    if reduction == 'none':
        return loss
    return loss.sum() if reduction == 'sum' else loss.sum() / max(len(loss), 1)


def _check_units(name: str, boxes: Tensor, stride: float) -> None:
    if not isinstance(boxes, Tensor) or not boxes.is_floating_point():
        raise TypeError(
            f'{name} must be a floating tensor of shape ...x4, got '
            f'{boxes.dtype if isinstance(boxes, Tensor) else type(boxes).__name__}'
        )
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f'{name} must have shape ...x4, got {tuple(boxes.shape)}')
    if not (stride > 0 and math.isfinite(stride)):
        raise ValueError(f'stride must be a positive number of pixels, got {stride}')
