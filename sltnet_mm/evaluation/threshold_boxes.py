"""Score map -> foreground at a threshold -> boxes, with OpenCV, under every rule that a protocol can have.

This is the plain version: one mask and one OpenCV call per distinct threshold. ``component_tree`` gives the same boxes
for all thresholds at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch

from sltnet_mm.evaluation.component_tree.compiled import HAS_NUMBA, compiled
from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.functional.thresholds import map_threshold


def quantize_map(score_map: np.ndarray) -> np.ndarray:
    """``255 * score_map`` rounded down, uint8, as in wsolevaluation.

    Args:
        score_map: (H, W) in [0, 1].

    Returns:
        (H, W) uint8.

    Raises:
        ValueError: If ``score_map`` is not a score map; see :func:`check_score_map`.

    Example:
        >>> quantize_map(np.array([[0., .5, 1.]]))
        array([[  0, 127, 255]], dtype=uint8)
    """
    if HAS_NUMBA and isinstance(score_map, np.ndarray) and score_map.ndim == 2 and score_map.dtype in _FLOATS:
        quantized = np.empty(score_map.shape, np.uint8)
        if score_map.size and _quantize(score_map, quantized):
            return quantized
    check_score_map(score_map)
    return (score_map * 255).astype(np.uint8)


_FLOATS = (np.float32, np.float64)


@compiled
def _quantize(score_map: np.ndarray, quantized: np.ndarray) -> bool:
    """Fill ``quantized`` in one pass; the result tells whether all scores are in [0, 1]."""
    valid = True
    for y in range(score_map.shape[0]):
        row, filled = score_map[y], quantized[y]
        for x in range(len(filled)):
            score = row[x]
            valid &= (score >= 0) & (score <= 1)  # False for NaN
            filled[x] = np.uint8(score * np.float32(255))
    return valid


def check_score_map(score_map: np.ndarray) -> None:
    """Raise if an array is not a score map.

    Raises:
        ValueError: If the array is not two-dimensional, has no pixel, or has NaN, infinity or values outside [0, 1].
    """
    if not isinstance(score_map, np.ndarray) or score_map.ndim != 2 or not score_map.size:
        raise ValueError(
            f'score_map must be an H x W array, got {getattr(score_map, "shape", type(score_map).__name__)}'
        )
    lowest, highest = float(score_map.min()), float(score_map.max())
    if not (lowest >= 0 and highest <= 1):  # also where they are NaN
        raise ValueError(
            f'score_map must be finite and in [0, 1], got values from {lowest:g} to {highest:g}: '
            'normalize it first (min-max)'
        )


def foreground_masks(
    score_map: np.ndarray, thresholds: np.ndarray, protocol: Protocol
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the distinct foregrounds of a map, each with the thresholds that give it.

    Args:
        score_map: (H, W) in [0, 1].
        thresholds: (T,) fractions of the map's maximum, in [0, 1).
        protocol: Its ``quantize`` and ``comparison`` are used.

    Yields:
        The uint8 mask (H, W) of 0 and 1, and the indices of its thresholds (at least one).

    Raises:
        ValueError: If ``score_map`` is not a score map; see :func:`check_score_map`.

    Example:
        >>> from sltnet_mm.evaluation.protocols import PROTOCOLS
        >>> score_map, thresholds = np.array([[0.1, 0.6, 1.0]]), np.array([0.2, 0.201, 0.7])
        >>> masks = list(foreground_masks(score_map, thresholds, PROTOCOLS['wsolevaluation']))
        >>> [(mask.tolist(), index.tolist()) for mask, index in masks]
        [([[0, 1, 1]], [0, 1]), ([[0, 0, 1]], [2])]
    """
    if not protocol.quantize:
        check_score_map(score_map)
    cut = quantize_map(score_map) if protocol.quantize else score_map
    levels = _levels(cut, thresholds, protocol)
    distinct, index = np.unique(levels, return_inverse=True)
    for number, level in enumerate(distinct):
        mask = cut > level if protocol.comparison == '>' else cut >= level
        yield mask.astype(np.uint8), np.flatnonzero(index == number)


def _levels(cut: np.ndarray, thresholds: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The score of each threshold (T,), under the protocol's rule."""
    if protocol.threshold_of == 'max' and not protocol.quantize:
        return thresholds.astype(cut.dtype) * cut.max()  # in the map's own precision, as score_map_to_box does
    if protocol.threshold_of == 'max':
        return (thresholds * float(cut.max())).astype(np.int64)  # rounded down, as wsolevaluation and TS-CAM do
    scores = torch.from_numpy(cut.astype(np.float64) if protocol.quantize else cut)
    if len(thresholds) == 1:
        levels = map_threshold(scores, float(thresholds[0]), protocol.threshold_of, protocol.q).numpy()[None]
    else:  # each rule with a choice of thresholds is linear in them
        low, middle = (map_threshold(scores, t, protocol.threshold_of, protocol.q).item() for t in (0.0, 0.5))
        levels = low + (middle - low) * 2 * thresholds
    return levels.astype(np.int64) if protocol.quantize else levels.astype(cut.dtype)


def mask_boxes(mask: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The boxes that a protocol derives from a foreground mask.

    Args:
        mask: (H, W) uint8, 0 and 1.
        protocol: Its ``component``, ``contours``, ``box_end`` and ``empty_box`` are used.

    Returns:
        (n, 4) int64 xyxy in map pixels, n >= 1; one box unless ``contours='all'``.

    Example:
        >>> from sltnet_mm.evaluation.protocols import PROTOCOLS
        >>> mask = np.zeros((5, 5), np.uint8)
        >>> mask[1:3, 2:5] = 1
        >>> mask_boxes(mask, PROTOCOLS['sltnet']).tolist(), mask_boxes(mask, PROTOCOLS['wsolevaluation']).tolist()
        ([[2, 1, 5, 3]], [[2, 1, 4, 3]])
    """
    height, width = mask.shape
    if not mask.any():
        return np.array(
            [{'zeros': (0, 0, 0, 0), 'unit': (0, 0, 1, 1), 'whole': (0, 0, width, height)}[protocol.empty_box]]
        )
    if protocol.contours == 'union':
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], np.int64)
    elif protocol.component == 'pixels' and protocol.contours == 'largest':
        boxes = _most_pixels(mask)[None]
    else:
        contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        if protocol.contours == 'largest':
            contours = [max(contours, key=cv2.contourArea)]  # of equal areas, the first in OpenCV's list
        boxes = np.array([cv2.boundingRect(contour) for contour in contours], np.int64)
        boxes[:, 2:] += boxes[:, :2]
    if protocol.box_end == 'clipped':
        boxes[:, 2:] = np.minimum(boxes[:, 2:], (width - 1, height - 1))
    elif protocol.box_end == 'inclusive':
        boxes[:, 2:] -= 1
    return boxes


def _most_pixels(mask: np.ndarray) -> np.ndarray:
    """The box of the 8-connected component with the most pixels; of equal ones, the one whose first pixel comes first.

    It equals ``components.largest_component_boxes`` without the conversion to tensors, which would cost more than the
    rest.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(sizes == sizes.max())
    winner = largest[0]
    if len(largest) > 1:  # OpenCV's labels are not always in raster order
        winner = labels.flat[np.isin(labels, largest).argmax()]
    left, top, width, height = stats[winner, :4]
    return np.array([left, top, left + width, top + height], np.int64)
