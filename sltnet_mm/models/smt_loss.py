"""The semantic tolerance loss as a loss module of mmpretrain and mmdet heads."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor

from ..functional.tolerance import check_tolerance, in_top_k, smt_loss
from ..registry import MODELS

_REDUCTIONS = ('none', 'mean', 'sum')


@MODELS.register_module()
class SMTLoss(BaseModule):
    """L_SMT of eq. 8: cross entropy, damped by ``alpha`` where the label is among the top-K scores.

    The shell of :func:`sltnet_mm.functional.smt_loss` with the call signature of mmpretrain's and mmdet's losses. After
    a call, ``statistics['tolerated']`` holds the share of samples inside the tolerance as a detached scalar tensor on
    the logits' device; :class:`~sltnet_mm.hooks.StatisticsHook` logs it at the logging interval.

    Args:
        top_k: K, how many classes count as similar to the label; 1 <= K <= classes. (mmpretrain's ``topk`` means
            accuracy.)
        alpha: factor on the loss inside the tolerance, in [0, 1]; 1 gives cross entropy.
        loss_weight: factor on the whole loss, >= 0.
        reduction: 'mean' over the samples (default), 'sum' or 'none'.

    Raises:
        ValueError: for a value outside these ranges.

    Example:
        >>> import torch
        >>> loss = SMTLoss(top_k=2, alpha=0.4)
        >>> value = loss(torch.tensor([[3., 2., 0.], [3., 2., 0.]]), torch.tensor([1, 2]))
        >>> loss.statistics['tolerated']
        tensor(0.5000)
    """

    loss_name = 'loss_smt'

    def __init__(self, top_k: int, alpha: float, loss_weight: float = 1.0, reduction: str = 'mean') -> None:
        super().__init__()
        check_tolerance(top_k, alpha)
        if loss_weight < 0:
            raise ValueError(f'SMTLoss: loss_weight must be >= 0, got {loss_weight}')
        if reduction not in _REDUCTIONS:
            raise ValueError(f'SMTLoss: reduction must be one of {_REDUCTIONS}, got {reduction!r}')
        self.top_k = top_k
        self.alpha = alpha
        self.loss_weight = loss_weight
        self.reduction = reduction
        self.statistics: dict[str, Tensor] = {}

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """L_SMT of a batch.

        Args:
            cls_score: logits, B x C.
            label: class indices, B (int64).
            weight: factor per sample, B.
            avg_factor: what the sum is divided by in place of B (reduction 'mean' only).
            reduction_override: used in place of ``reduction`` for this call.

        Returns:
            A scalar, or B values with reduction 'none'.
        """
        reduction = reduction_override or self.reduction
        if reduction not in _REDUCTIONS:
            raise ValueError(f'SMTLoss: reduction_override must be one of {_REDUCTIONS}, got {reduction_override!r}')
        if label.is_floating_point() or label.ndim != 1:
            raise ValueError(
                f'SMTLoss: label must be class indices of shape (B,), got {label.dtype} of shape '
                f'{tuple(label.shape)}. Soft labels (Mixup, CutMix) have no top-K membership: leave them out.'
            )
        self.statistics['tolerated'] = in_top_k(cls_score, label, self.top_k).float().mean()
        losses = smt_loss(cls_score, label, self.top_k, self.alpha, reduction='none')
        if weight is not None:
            losses = losses * weight
        if reduction == 'none':
            return self.loss_weight * losses
        total = losses.sum()
        if reduction == 'mean':
            total = total / (losses.numel() if avg_factor is None else avg_factor)
        return self.loss_weight * total

    def extra_repr(self) -> str:
        """The settings, for ``print(model)``."""
        return f'top_k={self.top_k}, alpha={self.alpha}, loss_weight={self.loss_weight}'
