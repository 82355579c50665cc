"""The sigmoid focal loss under mmcv's names and arguments."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.mmcv_operators.gradients import input_gradients

__all__ = ['sigmoid_focal_loss_backward', 'sigmoid_focal_loss_forward']


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Fill ``output`` with the focal loss of each score (Lin et al., "Focal Loss", ICCV 2017).

    With p the sigmoid of a score: -alpha (1 - p)^gamma log p where the class is the target, else
    -(1 - alpha) p^gamma log(1 - p).

    Args:
        input: Scores before the sigmoid, N x C.
        target: Class per row, N; C is background.
        weight: Per class, C, or empty; background rows have weight 1.
        output: N x C.
        gamma: Exponent.
        alpha: Weight of the target class.
    """
    output.copy_(_focal_loss(_float(input), target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Fill ``grad_input`` (N x C) with the derivative of each loss by its score."""

    def total(scores: Tensor) -> Tensor:
        return _focal_loss(scores, target, weight, gamma, alpha).sum()

    (gradient,) = input_gradients(total, [_float(input)])
    grad_input.copy_(gradient)


def _focal_loss(scores: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    classes = scores.shape[1]
    is_target = F.one_hot(target, classes + 1)[:, :classes].bool()
    p = scores.sigmoid()
    hit = -alpha * (1 - p) ** gamma * F.logsigmoid(scores)
    miss = -(1 - alpha) * p**gamma * F.logsigmoid(-scores)
    loss = hit.where(is_target, miss)
    return loss * F.pad(weight, (0, 1), value=1.0)[target, None] if weight.numel() else loss


def _float(scores: Tensor) -> Tensor:
    """Single precision at least: powers of half precision lose small losses."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
