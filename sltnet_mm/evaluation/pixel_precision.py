"""Pixel metrics on masks from histograms of scores: PxAP (clovaai/wsolevaluation) and peak pIoU (DA-WSOL)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from sltnet_mm.evaluation.component_tree.compiled import HAS_NUMBA, compiled
from sltnet_mm.evaluation.threshold_boxes import check_score_map

BIN_EDGES = np.append(np.arange(0, 1, 0.001), [1.0, 2.0, 3.0])
"""wsolevaluation's 1002 bins: 1000 of width 0.001, [1, 2) for a score of 1, and an empty last one."""
IGNORE = 255
"""Mask value of ignored pixels."""


def evaluate_masks(
    score_maps: Iterable[np.ndarray],
    masks: Iterable[np.ndarray],
    *,
    names: Sequence[str] | None = None,
    on_image: Callable[[str], Any] | None = None,
) -> dict[str, Any]:
    """Pixel average precision and peak pIoU; images are streamed, only histograms are kept.

    Args:
        score_maps: H x W arrays in [0, 1], one per image; may be a generator.
        masks: H x W integer arrays of the same sizes: 0 background, 1 object, 255 ignored; may be a generator.
        names: Names of the images, for messages; None for their numbers.
        on_image: Called with each image's name, for progress.

    Returns:
        ``pxap`` and ``piou`` in percent, ``piou_threshold`` (in [0, 1]), ``num_images``, ``num_pixels`` (without
        ignored ones).

    Raises:
        ValueError: If a map or mask is invalid (the message names the image), the numbers of maps and masks differ, or
            there is no object pixel at all.

    Example:
        >>> result = evaluate_masks([np.array([[0.9, 0.8, 0.3]])], [np.array([[1, 0, 0]])])
        >>> result['pxap'], result['piou'], result['num_pixels']
        (100.0, 100.0, 3)
    """
    histograms, number = np.zeros((2, len(BIN_EDGES) - 1), np.int64), 0
    try:
        for score_map, mask in zip(score_maps, masks, strict=True):
            name = str(number) if names is None else names[number]
            histograms += image_histograms(score_map, mask, name)
            number += 1
            if on_image is not None:
                on_image(name)
    except ValueError as error:
        if 'argument 2 is' in str(error):
            raise ValueError(
                f'score_maps and masks must each have one entry per image, but one of them ends after {number}'
            ) from error
        raise
    if not number:
        raise ValueError('score_maps must hold at least one map, got none: there is nothing to evaluate')
    return precision_numbers(histograms) | dict(num_images=number, num_pixels=int(histograms.sum()))


def image_histograms(score_map: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
    """The histograms (2, 1002) of one image.

    Raises:
        ValueError: If the map or the mask is invalid; the message names the image.
    """
    try:
        check_score_map(score_map)
        return score_histograms(score_map, mask)
    except ValueError as error:
        raise ValueError(f'image {name!r}: {error}') from error


def score_histograms(score_map: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Histograms of the scores of background and object pixels, with the bins of ``np.histogram(.., BIN_EDGES)``.

    Args:
        score_map: (H, W) in [0, 1].
        mask: (H, W) integers: 0 background, 1 object, 255 ignored.

    Returns:
        (2, 1002) int64: background, object.

    Raises:
        ValueError: If the shapes differ, or the mask has other values. The scores themselves are not checked, see
            ``check_score_map``.

    Example:
        >>> histograms = score_histograms(np.array([[0.0, 0.5, 1.0]]), np.array([[0, 1, 255]]))
        >>> histograms.sum(1).tolist(), int(histograms[1].argmax())
        ([1, 1], 500)
    """
    mask = np.asarray(mask)
    if mask.shape != score_map.shape:
        raise ValueError(f"mask must have the score map's shape {score_map.shape}, got {mask.shape}")
    if not ((mask == 0) | (mask == 1) | (mask == IGNORE)).all():
        raise ValueError(f'mask must hold 0 (background), 1 (object) and {IGNORE} (ignored), got {np.unique(mask)[:9]}')
    histograms = np.zeros((2, len(BIN_EDGES) - 1), np.int64)
    if HAS_NUMBA:
        _count(
            np.ascontiguousarray(score_map).reshape(-1),
            np.ascontiguousarray(mask, np.uint8).reshape(-1),
            BIN_EDGES,
            histograms,
        )
    else:
        for value in range(2):
            histograms[value] = np.histogram(score_map[mask == value], BIN_EDGES)[0]
    return histograms


@compiled
def _count(scores: np.ndarray, mask: np.ndarray, edges: np.ndarray, histograms: np.ndarray) -> None:
    for index in range(len(scores)):
        if mask[index] < 2:
            score = np.float64(scores[index])
            guess = int(score * 1000)  # correct up to rounding: compare with the edges of the bin
            if score < edges[guess]:
                guess -= 1
            elif score >= edges[guess + 1]:
                guess += 1
            histograms[mask[index], guess] += 1


def precision_numbers(histograms: np.ndarray) -> dict[str, float]:
    r"""PxAP and peak pIoU from histograms.

    .. math::
        \text{PxAP} = \sum_l \text{precision}_l \cdot (\text{recall}_l - \text{recall}_{l-1}), \qquad
        \text{pIoU}_l = \frac{TP_l}{TP_l + FP_l + FN_l}

    The thresholds l go from high to low. As in wsolevaluation, the sum leaves out the first one. The highest pIoU is
    reported.

    Args:
        histograms: (2, 1002) counts of background and object, summed over images; see :func:`score_histograms`.

    Returns:
        ``pxap`` and ``piou`` in percent, and ``piou_threshold``, the bin edge at and above which pixels are foreground.

    Raises:
        ValueError: If no object pixel was counted.

    Example:
        >>> histograms = score_histograms(np.array([[0.9, 0.8, 0.3, 0.1]]), np.array([[1, 1, 0, 0]]))
        >>> precision_numbers(histograms)
        {'pxap': 100.0, 'piou': 100.0, 'piou_threshold': 0.8}
    """
    background, objects = (counts[::-1].cumsum() for counts in histograms)  # false and true positives
    if objects[-1] == 0:
        raise ValueError('masks must have at least one object pixel (1) in total, got none')
    counted = background + objects > 0
    precision = np.divide(objects, background + objects, out=np.zeros(len(objects)), where=counted)
    recall = objects / objects[-1]
    pxap = (precision[1:] * np.diff(recall))[counted[1:]].sum()
    piou = objects / (background + objects[-1])  # TP + FP + FN = FP + all object pixels
    best = int(piou.argmax())
    edge = float(BIN_EDGES[:-1][::-1][best])
    return {'pxap': 100 * float(pxap), 'piou': 100 * float(piou[best]), 'piou_threshold': edge}
