"""Semantic mistakes tolerance (SMT): the loss of eq. 8.

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021, Sec. 3.3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import (
    REDUCTIONS,
    check_choice,
    check_fraction,
    check_tensor,
    check_top_k,
    full_precision,
)


def check_tolerance(k: int, alpha: float) -> None:
    """Raise unless K and alpha of eq. 8 are valid for some number of classes; needs no logits.

    Args:
        k: K, an int >= 1.
        alpha: A number in [0, 1].

    Raises:
        TypeError: If ``k`` is not an int or ``alpha`` is not a number.
        ValueError: If a value is out of range.

    Example:
        >>> check_tolerance(k=30, alpha=0.4)
        >>> check_tolerance(k=30, alpha=1.5)
        Traceback (most recent call last):
        ValueError: alpha must be in [0.0, 1.0], got 1.5
    """
    check_top_k(k)
    check_fraction('alpha', alpha)


def in_top_k(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    """Whether each label is among the K classes with the largest logits: fewer than K logits are strictly greater.

    Ties count in favor of the label: if all logits are equal, every label is in the top 1. The result carries no
    gradient. This is the condition of eq. 8; its mean is the top-K accuracy.

    Args:
        logits: B x C.
        labels: B, int64, in [0, C).
        k: K, with 1 <= K <= C.

    Returns:
        B, bool.

    Raises:
        TypeError: If ``logits`` is not a floating tensor or ``labels`` is not an int64 tensor.
        ValueError: If ``k`` is out of range, the batch sizes differ, or a label is outside [0, C). Labels are checked
            on the CPU only: reading a value from another device would stall it.

    Example:
        >>> import torch
        >>> in_top_k(torch.tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]), torch.tensor([2, 1]), k=2)
        tensor([ True, False])
    """
    _check_labels(logits, labels)
    check_top_k(k, logits.shape[1])
    return (logits > logits.gather(1, labels[:, None])).sum(1) < k


def smt_loss(logits: Tensor, labels: Tensor, k: int, alpha: float, reduction: str = 'mean') -> Tensor:
    r"""The semantic mistakes tolerance loss: cross entropy, times alpha where the label is among the top K (eq. 8).

    .. math::
        L_{SMT}(x, y) = \begin{cases}
            \alpha \cdot L_{CE}(x, y), & \text{if } x_k \in \text{top-}K(x) \\
            L_{CE}(x, y),              & \text{otherwise}
        \end{cases}

    x are the logits of an image, k is the class of its label (:math:`y_k = 1`), and :math:`L_{CE}` is cross entropy,
    eq. 5: :math:`L_{CE}(x, y) = -\sum_{i=1}^{C} y_i \log p_i` with :math:`p = \text{softmax}(x)` (the paper writes
    :math:`\log x_i`).

    alpha = 1 is plain cross entropy for every K (the paper says "K=1 and alpha=1"); K = C is alpha times cross entropy.
    The factor belongs to the image: the mean divides by the batch size, not by the sum of the factors.

    Args:
        logits: x, B x C.
        labels: B, int64, in [0, C); or soft labels, see ``tolerant_losses``.
        k: K, with 1 <= K <= C (the paper: 30 of 200 classes on CUB, 100 of 1000 on ILSVRC).
        alpha: Factor in [0, 1] on the loss of the images that ``in_top_k`` selects.
        reduction: 'mean' or 'sum' over the batch, or 'none'.

    Returns:
        A scalar, or B values with 'none'; float32 for half precision, otherwise the dtype of ``logits``. The mean over
        an empty batch is 0 and can be differentiated.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If ``alpha``, ``k``, ``reduction`` or a shape is invalid, or (checked on the CPU only) a label is
            outside [0, C).

    Example:
        >>> import torch
        >>> logits = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
        >>> smt_loss(logits, torch.tensor([1, 2]), k=2, alpha=0.5, reduction='none')
        tensor([0.7038, 2.4076])
        >>> torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2]), reduction='none')
        tensor([1.4076, 2.4076])
    """
    check_choice('reduction', reduction, REDUCTIONS)
    loss, _ = tolerant_losses(logits, labels, k, alpha)
    if reduction == 'none':
        return loss
    return loss.sum() if reduction == 'sum' else loss.sum() / max(len(loss), 1)


def tolerant_losses(
    logits: Tensor, labels: Tensor, k: int, alpha: float, background: int | None = None
) -> tuple[Tensor, Tensor]:
    r"""The loss of eq. 8 per image, and the share of each label that is tolerated.

    For hard labels, see ``smt_loss``. With soft labels t (from Mixup or CutMix), each class of the label is tolerated
    on its own:

    .. math::
        L = -\sum_{c=1}^{C} t_c f_c \log p_c, \quad
        f_c = \begin{cases} \alpha, & \text{if } x_c \in \text{top-}K(x) \\ 1, & \text{otherwise} \end{cases}

    with :math:`p = \text{softmax}(x)`. A one-hot t gives the same loss as its class index.

    Args:
        logits: x, B x C.
        labels: B class indices (int64, in [0, C)), or B x C shares of the classes (floating, usually summing to 1).
        k: K, with 1 <= K <= C.
        alpha: Factor in [0, 1].
        background: A class whose loss is never reduced, such as a detector's "no object"; a negative index counts from
            the end. It still takes a place among the top K.

    Returns:
        B losses as in ``smt_loss``, and B tolerated shares in [0, 1] of the same dtype (0 or 1 for class indices),
        without gradient.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a value is invalid as in ``smt_loss``, or ``background`` is not a class index.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[2.0, 1.0, 0.0]])
        >>> tolerant_losses(logits, torch.tensor([1]), k=2, alpha=0.5)
        (tensor([0.7038]), tensor([1.]))
        >>> tolerant_losses(logits, torch.tensor([[0.0, 0.5, 0.5]]), k=2, alpha=0.5)
        (tensor([1.5557]), tensor([0.5000]))
        >>> tolerant_losses(logits, torch.tensor([1]), k=2, alpha=0.5, background=1)
        (tensor([1.4076]), tensor([0.]))
    """
    check_fraction('alpha', alpha)
    soft = isinstance(labels, Tensor) and labels.is_floating_point() and labels.ndim == 2
    hit = _hit_classes(logits, labels, k) if soft else in_top_k(logits, labels, k)
    if background is not None:
        background = _class_index(background, logits.shape[1])
        hit = hit & (torch.arange(logits.shape[1], device=hit.device) if soft else labels).ne(background)
    logits = full_precision(logits)
    if not soft:
        loss = F.cross_entropy(logits, labels, reduction='none')
        return torch.where(hit, alpha * loss, loss), hit.to(loss.dtype)
    shares = labels.to(logits.dtype)
    factors = torch.where(hit, alpha, 1.0).to(logits.dtype)
    return -(shares * factors * logits.log_softmax(dim=1)).sum(dim=1), (shares * hit).sum(dim=1).detach()


def _hit_classes(logits: Tensor, shares: Tensor, k: int) -> Tensor:
    """Which classes are among the K largest logits, B x C bool. As in ``in_top_k``, ties are included."""
    check_tensor('logits', logits, 'BxC', 2)
    if shares.shape != logits.shape:
        raise ValueError(
            f'soft labels must have the shape of the logits, {tuple(logits.shape)} (BxC), got {tuple(shares.shape)}'
        )
    check_top_k(k, logits.shape[1])
    return logits >= logits.topk(k, dim=1).values[:, -1:]  # fewer than K are strictly greater


def _class_index(index: int, num_classes: int) -> int:
    if isinstance(index, bool) or not isinstance(index, int) or not -num_classes <= index < num_classes:
        raise ValueError(f'background must be the index of one of the {num_classes} classes, got {index!r}')
    return index % num_classes


def _check_labels(logits: Tensor, labels: Tensor) -> None:
    check_tensor('logits', logits, 'BxC', 2)
    check_tensor('labels', labels, 'B', 1, floating=False)
    if labels.dtype != torch.int64:
        raise TypeError(f'labels must be int64 class indices, got {labels.dtype}; convert them with .long()')
    if len(labels) != len(logits):
        raise ValueError(
            f'labels must hold one class per row of logits, got {len(labels)} labels for logits of shape '
            f'{tuple(logits.shape)}'
        )
    # On a GPU, the device-side check of `gather` raises instead; a comparison here would wait for the device.
    if labels.device.type == 'cpu' and not torch.compiler.is_compiling() and labels.numel():
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= logits.shape[1]:
            raise ValueError(
                f'labels must be in [0, {logits.shape[1]}), the number of columns of logits, got {low} to {high}'
            )
