"""Box units of the regressor, and its loss: eq. 3 and 4.

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021, Sec. 3.1.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import REDUCTIONS, check_choice, check_tensor, full_precision


def boxes_to_regression(boxes: Tensor, stride: float) -> Tensor:
    r"""Convert boxes from pixels of the network input to the regressor's units.

    .. math::
        p = \left(\frac{x_1}{m}, \frac{y_1}{m}, \frac{x_2}{m}, \frac{y_2}{m}\right)

    This is the definition of p in the text before eq. 3.

    Args:
        boxes: ... x 4, xyxy in pixels of the network input.
        stride: m, the downsampling factor, > 0. 16 gives cells of the feature map; the side length of the input gives
            [0, 1].

    Returns:
        ... x 4 in units of m pixels, in the dtype of ``boxes``; ``regression_to_boxes`` is the inverse.

    Raises:
        TypeError: If ``boxes`` is not a floating tensor.
        ValueError: If the last dimension is not 4, or ``stride`` is not positive and finite.

    Example:
        >>> import torch
        >>> boxes_to_regression(torch.tensor([[32.0, 16.0, 224.0, 64.0]]), stride=16)
        tensor([[ 2.,  1., 14.,  4.]])
    """
    _check_units('boxes', boxes, stride)
    return boxes / stride


def regression_to_boxes(units: Tensor, stride: float) -> Tensor:
    """Convert the regressor's units p back to pixels of the network input, xyxy = m p.

    Args:
        units: ... x 4, in units of m pixels.
        stride: m, as passed to ``boxes_to_regression``.

    Returns:
        ... x 4, xyxy in pixels of the network input, neither clipped nor sorted, in the dtype of ``units``.

    Raises:
        TypeError: If ``units`` is not a floating tensor.
        ValueError: If the last dimension is not 4, or ``stride`` is not positive and finite.

    Example:
        >>> import torch
        >>> regression_to_boxes(torch.tensor([[2.0, 1.0, 14.0, 4.0]]), stride=16)
        tensor([[ 32.,  16., 224.,  64.]])
    """
    _check_units('units', units, stride)
    return units * stride


def smooth_l1(pred: Tensor, target: Tensor) -> Tensor:
    r"""The smooth L1 loss of each element (eq. 4), without reduction.

    .. math::
        \text{smooth}_{L_1}(x) = \begin{cases}
            0.5 x^2,   & \text{if } |x| < 1 \\
            |x| - 0.5, & \text{otherwise}
        \end{cases}

    with x = pred - target.

    Args:
        pred: Any shape.
        target: The same shape.

    Returns:
        One loss per element, of the same shape; float32 for half precision.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> import torch
        >>> smooth_l1(torch.tensor([0.5, 1.0, -3.0]), torch.zeros(3))
        tensor([0.1250, 0.5000, 2.5000])
    """
    if pred.shape != target.shape:
        raise ValueError(f'pred and target must have the same shape, got {tuple(pred.shape)} and {tuple(target.shape)}')
    return F.smooth_l1_loss(full_precision(pred), full_precision(target), reduction='none', beta=1.0)


def regression_loss(pred: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = 'mean') -> Tensor:
    r"""The regressor's loss: smooth L1 summed over the four coordinates of a box (eq. 3), averaged over the images.

    .. math::
        L_{REG}(p, \hat{p}) = \sum_{i=1}^{4} \text{smooth}_{L_1}(p_i - \hat{p}_i)

    The mean is sum(weight * loss) / B. An image without a pseudo box has weight 0 and still counts in B, so one image
    has the same influence in every batch.

    Args:
        pred: B x 4, the regressor's boxes in its units (``boxes_to_regression``).
        target: B x 4, the pseudo boxes in the same units.
        weight: B weights >= 0, or None for 1 everywhere.
        reduction: 'mean' or 'sum' over the batch, or 'none'.

    Returns:
        A scalar, or B values with 'none'; float32 for half precision. The mean over an empty batch is 0 and can be
        differentiated. A NaN stays NaN, whatever its weight.

    Raises:
        TypeError: If a box tensor is not floating.
        ValueError: If a shape or ``reduction`` is invalid.

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
                f'weight must hold one number per image, shape {tuple(loss.shape)}, got {tuple(weight.shape)}'
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
