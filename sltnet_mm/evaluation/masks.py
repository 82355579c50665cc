"""PxAP and peak pIoU of score maps of any origin against masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from sltnet_mm.evaluation.pixel_precision import BIN_EDGES, precision_numbers, score_histograms
from sltnet_mm.evaluation.threshold_boxes import check_score_map


def evaluate_masks(
    score_maps: Iterable[np.ndarray],
    masks: Iterable[np.ndarray],
    *,
    names: Sequence[str] | None = None,
    on_image: Callable[[str], Any] | None = None,
) -> dict[str, Any]:
    """Pixel average precision and peak pIoU; images stream through, only histograms are kept.

    Args:
        score_maps: H x W arrays in [0, 1], one an image; may be a generator.
        masks: H x W integer arrays of the same sizes: 0 background, 1 object, 255 ignored; may be a generator.
        names: Names of the images, for messages; None: their numbers.
        on_image: Called with each image's name, for progress.

    Returns:
        ``pxap`` and ``piou`` in percent, ``piou_threshold`` (share of 1), ``num_images``, ``num_pixels`` (counted
        ones).

    Raises:
        ValueError: If a map or mask is wrong (the message names the image), there are more maps than masks or fewer, or
            no object pixel at all.

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
                f'score_maps and masks must have one entry an image each, they differ after {number}'
            ) from error
        raise
    if not number:
        raise ValueError('score_maps must hold at least one map, got none: there is nothing to evaluate')
    return precision_numbers(histograms) | dict(num_images=number, num_pixels=int(histograms.sum()))


def image_histograms(score_map: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
    """The histograms (2, 1002) of one image.

    Raises:
        ValueError: If the map or the mask is wrong; the message names the image.
    """
    try:
        check_score_map(score_map)
        return score_histograms(score_map, mask)
    except ValueError as error:
        raise ValueError(f'image {name!r}: {error}') from error
