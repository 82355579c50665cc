"""Learning tolerance to semantic mistakes: the loss of equation 8."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import REDUCTIONS, check_choice, check_fraction, check_tensor, check_top_k, full_precision


def check_tolerance(k: int, alpha: float) -> None:
    """Refuse settings of eq. 8 that are wrong for every number of classes, before any logits are seen.

    Args:
        k: K, an int >= 1.
        alpha: A number in [0, 1].

    Raises:
        TypeError: k is no int or alpha no number.
        ValueError: A value is out of range.

    Example:
        >>> check_tolerance(k=30, alpha=0.4)
        >>> check_tolerance(k=30, alpha=1.5)
        Traceback (most recent call last):
        ValueError: alpha must be in [0.0, 1.0], got 1.5
    """
    check_top_k(k)
    check_fraction('alpha', alpha)


def in_top_k(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    """Whether the label is among the K classes with the largest logits: fewer than K logits are strictly greater.

    Ties therefore count in favour of the label: with all logits equal, every label is in the top 1. The result carries
    no gradient. The test is that of eq. 8; its mean is the hit rate, top-K accuracy.

    Args:
        logits: B x C.
        labels: B, int64, in [0, C).
        k: K, with 1 <= K <= C.

    Returns:
        B, bool.

    Raises:
        ValueError: K is out of range, the batch sizes differ, or (checked on the CPU only, since reading a value from
            another device would stall it) a label is outside [0, C).

    Example:
        >>> import torch
        >>> in_top_k(torch.tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]), torch.tensor([2, 1]), k=2)
        tensor([ True, False])
    """
    _check_labels(logits, labels)
    check_top_k(k, logits.shape[1])
    return (logits > logits.gather(1, labels[:, None])).sum(1) < k


def smt_loss(logits: Tensor, labels: Tensor, k: int, alpha: float, reduction: str = 'mean') -> Tensor:
    """Semantic mistakes tolerance: cross entropy, times alpha where the label is among the top K (eq. 8).

    alpha = 1 is plain cross entropy for every K (the paper says "K=1 and alpha=1"); K = C is alpha times cross entropy.
    The factor belongs to the sample: the mean divides by the batch size, not by the sum of the factors.

    Args:
        logits: B x C.
        labels: B, int64, in [0, C).
        k: K, with 1 <= K <= C (the paper: 30 of 200, 100 of 1000 classes).
        alpha: Factor in [0, 1] for the samples that `in_top_k` finds.
        reduction: 'mean' or 'sum' over the batch, or 'none'.

    Returns:
        A scalar, or B values with 'none'; float32 for half precision, else the dtype of `logits`. The mean over an
        empty batch is 0, with a graph.

    Raises:
        ValueError: alpha, K, the reduction or a shape is not as said; on the CPU also a label outside [0, C).

    Example:
        >>> import torch
        >>> logits = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
        >>> smt_loss(logits, torch.tensor([1, 2]), k=2, alpha=0.5, reduction='none')
        tensor([0.7038, 2.4076])
        >>> torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2]), reduction='none')
        tensor([1.4076, 2.4076])
    """
    check_fraction('alpha', alpha)
    check_choice('reduction', reduction, REDUCTIONS)
    hit = in_top_k(logits, labels, k)
    loss = F.cross_entropy(full_precision(logits), labels, reduction='none')
    loss = torch.where(hit, alpha * loss, loss)
    if reduction == 'none':
        return loss
    return loss.sum() if reduction == 'sum' else loss.sum() / max(len(loss), 1)


def _check_labels(logits: Tensor, labels: Tensor) -> None:
    check_tensor('logits', logits, 'BxC', 2)
    check_tensor('labels', labels, 'B', 1, floating=False)
    if labels.dtype != torch.int64:
        raise TypeError(f'labels must be int64 class indices, got {labels.dtype}; convert them with .long()')
    if len(labels) != len(logits):
        raise ValueError(
            f'labels must hold one class a row of logits, got {len(labels)} labels for logits of shape '
            f'{tuple(logits.shape)}'
        )
    # On a GPU the device-side check of `gather` speaks instead; a comparison here would wait for the device.
    if labels.device.type == 'cpu' and not torch.compiler.is_compiling() and labels.numel():
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= logits.shape[1]:
            raise ValueError(f'labels must be in [0, {logits.shape[1]}), the classes of logits, got {low} to {high}')
