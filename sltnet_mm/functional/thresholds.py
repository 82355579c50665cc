"""Thresholds that the scores of a map set: by their maximum, a percentile (PaS), inferior value removal (IVR), Otsu."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_choice, check_fraction, check_tensor, full_precision

THRESHOLD_RULES = ('max', 'percentile', 'ivr', 'otsu')
"""What ``threshold`` is a fraction of."""

DEFAULT_Q = dict(percentile=90.0, ivr=50.0)
"""The percentile of each rule, where none is given: 90 in Bae et al.; 40 to 60 are used with IVR."""

OTSU_BINS = 256


def map_threshold(score_map: Tensor, threshold: float, rule: str = 'max', q: float | None = None) -> Tensor:
    r"""The score above which the pixels of a map are foreground. No rule needs a label or a box.

    - ``max``: :math:`t \max S`, as in CAM and the paper.
    - ``percentile`` (PaS, Bae et al., ECCV 2020): :math:`t \operatorname{percentile}_q(S)`.
    - ``ivr`` (Kim et al., *Normalization Matters in WSOL*, ICCV 2021): values below the percentile are removed, so that
      the threshold is :math:`p + t (\max S - p)` with :math:`p = \operatorname{percentile}_q(S)`.
    - ``otsu``: the score that parts the histogram best (256 bins); ``threshold`` must be 0.

    Args:
        score_map: S, H x W or B x H x W, not negative.
        threshold: t in [0, 1).
        rule: One of the four.
        q: Percentile in [0, 100] of ``percentile`` (None: 90) and ``ivr`` (None: 50).

    Returns:
        A scalar or B values, at least float32, without gradient; foreground is strictly above.

    Raises:
        TypeError: If ``score_map`` is not a floating tensor or a number is none.
        ValueError: If a number is out of range, ``rule`` is unknown, or an argument has no meaning under it.

    Example:
        >>> import torch
        >>> score_map = torch.arange(101.0).view(1, 101) / 100
        >>> [round(map_threshold(score_map, 0.5, rule).item(), 3) for rule in ('max', 'percentile', 'ivr')]
        [0.5, 0.45, 0.75]
        >>> map_threshold(torch.tensor([[0.1, 0.2, 0.8, 0.9]]), 0.0, 'otsu')
        tensor(0.2000)
    """
    check_tensor('score_map', score_map, 'HxW or BxHxW', (2, 3))
    check_threshold(threshold, rule, q)
    if 0 in score_map.shape[-2:]:
        raise ValueError(f'score_map must have at least one pixel, got shape {tuple(score_map.shape)}')
    scores = full_precision(score_map.detach()).flatten(-2)
    if rule == 'otsu':
        return _otsu(scores)
    top = scores.amax(-1)
    if rule == 'max':
        return threshold * top
    part = _percentile(scores, DEFAULT_Q[rule] if q is None else q)
    return threshold * part if rule == 'percentile' else part + threshold * (top - part)


def check_threshold(threshold: float, rule: str = 'max', q: float | None = None) -> None:
    """Raise unless a threshold, its rule and its percentile go together.

    Raises:
        TypeError: If a number is none.
        ValueError: If one is out of range, ``rule`` is unknown, or an argument has no meaning under it.

    Example:
        >>> check_threshold(0.35, 'percentile', q=90)
    """
    check_choice('threshold_of', rule, THRESHOLD_RULES)
    check_fraction('threshold', threshold)
    if threshold == 1:
        raise ValueError('threshold must be below 1: nothing is strictly greater than the maximum')
    if q is not None:
        check_fraction('q', q, 0, 100)
        if rule not in DEFAULT_Q:
            raise ValueError(f'q is for threshold_of "percentile" and "ivr"; leave it out for {rule!r}')
    if rule == 'otsu' and threshold != 0:
        raise ValueError(f'threshold must be 0 for threshold_of="otsu", which finds its own, got {threshold}')


def percentile_threshold(score_map: Tensor, tau: float = 0.35, q: float = 90) -> Tensor:
    r"""A threshold from a percentile of the scores in place of their maximum (PaS).

    .. math::
        t = \tau \cdot \operatorname{percentile}_q(S)

    Bae, Noh, Kim, *Rethinking Class Activation Mapping*, ECCV 2020. ``q=100`` is a fraction of the maximum, as in CAM.

    Args:
        score_map: S, H x W or B x H x W.
        tau: In [0, 1]; 0.35 in the paper.
        q: In [0, 100]; 90 in the paper. Between two scores, the percentile is interpolated linearly, as in numpy.

    Returns:
        The threshold, a scalar or B values; float32, or float64 for a float64 map.

    Raises:
        TypeError: If ``score_map`` is not a floating tensor, or ``tau`` or ``q`` not a number.
        ValueError: If a number is out of range or the shape is invalid.

    Example:
        >>> import torch
        >>> percentile_threshold(torch.arange(101.0).view(1, 101) / 100)
        tensor(0.3150)
    """
    check_tensor('score_map', score_map, 'HxW or BxHxW', (2, 3))
    check_fraction('tau', tau)
    check_fraction('q', q, 0, 100)
    scores = full_precision(score_map).flatten(-2)
    if not scores.shape[-1]:
        raise ValueError(f'score_map must have at least one pixel, got shape {tuple(score_map.shape)}')
    return tau * _percentile(scores, q)


def _percentile(scores: Tensor, q: float) -> Tensor:
    """The percentile of the last dimension, interpolated linearly."""
    place = q / 100 * (scores.shape[-1] - 1)
    low = int(place)
    # sorted, because torch.quantile takes 16 million scores at most
    ordered = scores.sort(dim=-1).values
    below, above = ordered[..., low], ordered[..., min(low + 1, scores.shape[-1] - 1)]
    return torch.lerp(below, above, place - low)


def _otsu(scores: Tensor) -> Tensor:
    """The highest score of the lower class where the variance between two classes is largest; 0 for a map of zeros."""
    top = scores.amax(-1, keepdim=True)
    bins = (scores / torch.where(top > 0, top, 1) * (OTSU_BINS - 1)).clamp(0, OTSU_BINS - 1).long()
    counts = torch.zeros(*scores.shape[:-1], OTSU_BINS, dtype=torch.float64, device=scores.device)
    counts = counts.scatter_add(-1, bins, torch.ones_like(scores, dtype=torch.float64))
    levels = torch.arange(OTSU_BINS, dtype=torch.float64, device=scores.device)
    below, mass = counts.cumsum(-1), (counts * levels).cumsum(-1)
    above = below[..., -1:] - below
    split = (below > 0) & (above > 0)
    gap = mass / below.clamp(min=1) - (mass[..., -1:] - mass) / above.clamp(min=1)
    variance = torch.where(split, below * above * gap.square(), -1)
    best = variance.argmax(-1, keepdim=True)  # the first of equal ones
    return torch.where(bins <= best, scores, 0).amax(-1)
