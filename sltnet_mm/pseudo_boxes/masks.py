"""Masks of objects, cut from score maps, as COCO's run lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from sltnet_mm.functional.boxes import PAPER_THRESHOLD
from sltnet_mm.visualization.drawing import warp_to_original


def mask_of_map(
    score_map: np.ndarray,
    homography_matrix: np.ndarray,
    size: tuple[int, int],
    box: Sequence[float],
    threshold: float = PAPER_THRESHOLD,
) -> dict[str, Any]:
    """The pixels of an original image inside a box whose score is above a share of the map's maximum.

    The score map is moved to the original image (bilinear) and cut there. Pixels belong to the box if their centers do.

    Args:
        score_map: H x W in [0, 1], of the network input.
        homography_matrix: 3 x 3, pixels of the original image to pixels of the network input.
        size: (height, width) of the original image.
        box: x1, y1, x2, y2 in pixels of the original image.
        threshold: Share of the maximum, in [0, 1).

    Returns:
        COCO's compressed run lengths: ``size`` (height, width) and ``counts`` (text), for pycocotools.

    Raises:
        ValueError: If ``score_map`` or ``homography_matrix`` has another shape.

    Example:
        >>> score_map = np.zeros((4, 6), np.float32)
        >>> score_map[1:3, 2:5] = 1
        >>> mask = mask_of_map(score_map, np.eye(3), (4, 6), (2, 1, 4, 3))
        >>> coco_mask.decode(mask).tolist()
        [[0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]
    """
    scores = warp_to_original(score_map, homography_matrix, size)  # NaN where the image was cropped away
    mask = np.nan_to_num(scores, nan=0.0) > threshold * np.max(score_map)
    x1, y1, x2, y2 = box
    columns, rows = np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5
    mask &= ((rows > y1) & (rows < y2))[:, None] & ((columns > x1) & (columns < x2))
    encoded = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(size=[int(side) for side in encoded['size']], counts=encoded['counts'].decode('ascii'))
