"""The semantic mistakes tolerance loss (eq. 8) as a loss module for heads of mmpretrain and mmdet."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from torch import Tensor

from sltnet_mm.functional.smt import check_tolerance, tolerant_losses
from sltnet_mm.registry import MODELS

_REDUCTIONS = ('none', 'mean', 'sum')


@MODELS.register_module()
class SMTLoss(BaseModule):
    r"""The semantic mistakes tolerance loss of SLT-Net (Guo et al., CVPR 2021, eq. 8).

    .. math::
        L_{SMT}(x, y) = \begin{cases}
            \alpha \cdot L_{CE}(x, y), & \text{if } x_k \in \text{top-}K(x) \\
            L_{CE}(x, y),              & \text{otherwise}
        \end{cases}

    It is cross entropy, multiplied by ``alpha`` if the logit of the label k is among the top K. This module wraps
    :func:`sltnet_mm.functional.tolerant_losses` in the call signature of mmpretrain's and mmdet's losses. After a call,
    ``statistics['tolerated']`` is the fraction of samples (of those with a positive weight) whose label is among the
    top K, as a detached scalar tensor on the logits' device; :class:`~sltnet_mm.hooks.StatisticsHook` logs it at the
    logging interval.

    It works on softmax scores. mmdet's heads build a softmax classification layer if the config of their loss has no
    ``use_sigmoid=True``: to replace a focal loss, pass it with ``_delete_=True``.

    Args:
        top_k: K, how many classes count as similar to the label; 1 <= K <= number of classes. Not to be
            confused with mmpretrain's ``topk``, which is for accuracy.
        alpha: Factor in [0, 1] on the loss of labels among the top K; 1 gives cross entropy.
        loss_weight: Factor on the whole loss, >= 0.
        reduction: 'mean' over the samples (default), 'sum' or 'none'.
        background_class: Class of boxes without an object. Its loss is never reduced, but it takes a place among the
            top K. -1 in mmdet's heads, where it is the last class; None (default) in a classifier, which has none.

    Raises:
        TypeError: If ``top_k``, ``alpha`` or ``background_class`` has the wrong type.
        ValueError: If a value is out of range.

    Example:
        >>> import torch
        >>> loss = SMTLoss(top_k=2, alpha=0.4)
        >>> value = loss(torch.tensor([[3., 2., 0.], [3., 2., 0.]]), torch.tensor([1, 2]))
        >>> loss.statistics['tolerated']
        tensor(0.5000)
    """

    loss_name = 'loss_smt'

    def __init__(
        self,
        top_k: int,
        alpha: float,
        loss_weight: float = 1.0,
        reduction: str = 'mean',
        background_class: int | None = None,
    ) -> None:
        super().__init__()
        check_tolerance(top_k, alpha)
        if loss_weight < 0:
            raise ValueError(f'SMTLoss: loss_weight must be >= 0, got {loss_weight}')
        if reduction not in _REDUCTIONS:
            raise ValueError(f'SMTLoss: reduction must be one of {_REDUCTIONS}, got {reduction!r}')
        if background_class is not None and (
            isinstance(background_class, bool) or not isinstance(background_class, int)
        ):
            raise TypeError(
                f'SMTLoss: background_class must be a class index (-1 in mmdet) or None, got {background_class!r}'
            )
        self.top_k = top_k
        self.alpha = alpha
        self.loss_weight = loss_weight
        self.reduction = reduction
        self.background_class = background_class
        self.statistics: dict[str, Tensor] = {}

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss of a batch.

        Args:
            cls_score: Logits, B x C.
            label: Class indices, B (int64), or soft labels, B x C (Mixup, CutMix). Each class of a soft label is
                tolerated on its own, see :func:`sltnet_mm.functional.tolerant_losses`.
            weight: Factor per sample, B; 0 for a box to ignore.
            avg_factor: Divisor of the sum in place of B (reduction 'mean' only).
            reduction_override: Replaces ``reduction`` for this call.

        Returns:
            A scalar, or B values with reduction 'none'.

        Raises:
            ValueError: If shapes do not match, K exceeds the number of classes, or ``avg_factor`` is given with
                reduction 'sum'.
        """
        reduction = reduction_override or self.reduction
        if reduction not in _REDUCTIONS:
            raise ValueError(f'SMTLoss: reduction_override must be one of {_REDUCTIONS}, got {reduction_override!r}')
        if reduction == 'sum' and avg_factor is not None:
            raise ValueError(
                'SMTLoss: avg_factor goes with reduction "mean" only, got it with "sum"; set reduction="mean"'
            )
        self._check_label(cls_score, label)
        losses, tolerated = tolerant_losses(cls_score, label, self.top_k, self.alpha, self.background_class)
        counted = torch.ones_like(tolerated)
        if weight is not None:
            losses = losses * weight
            counted = (weight > 0).to(tolerated)
        self.statistics['tolerated'] = (tolerated * counted).sum() / counted.sum().clamp(min=1)
        if reduction == 'none':
            return self.loss_weight * losses
        total = losses.sum()
        if reduction == 'mean':
            # eps as in mmdet: if every box is ignored, avg_factor may be 0
            total = total / (
                max(losses.numel(), 1) if avg_factor is None else avg_factor + torch.finfo(torch.float32).eps
            )
        return self.loss_weight * total

    def _check_label(self, cls_score: Tensor, label: Tensor) -> None:
        if label.ndim == 1 and not label.is_floating_point():
            return
        if label.shape != cls_score.shape or not label.is_floating_point():
            raise ValueError(
                'SMTLoss: label must be class indices of shape (B,), or soft labels (Mixup, CutMix) of the shape of '
                f'cls_score, {tuple(cls_score.shape)}; got {label.dtype} of shape {tuple(label.shape)}'
            )

    def extra_repr(self) -> str:
        """The settings, for ``print(model)``."""
        settings = f'top_k={self.top_k}, alpha={self.alpha}, loss_weight={self.loss_weight}'
        return settings if self.background_class is None else f'{settings}, background_class={self.background_class}'
