"""The IoU of a score map with ground truth at many thresholds: compiled for all levels at once, or with OpenCV.

Both give the same results.
"""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.accuracy import pairwise_iou
from sltnet_mm.evaluation.component_tree.compiled import HAS_NUMBA
from sltnet_mm.evaluation.component_tree.level_boxes import largest_contour_boxes
from sltnet_mm.evaluation.component_tree.level_ious import level_ious
from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol
from sltnet_mm.evaluation.threshold_boxes import foreground_masks, mask_boxes, quantize_map

BACKENDS = ('auto', 'numba', 'opencv')
FEW_THRESHOLDS = 8
"""``auto`` uses OpenCV up to this many thresholds: one mask with its contours costs a tenth of all levels at once."""


def threshold_ious(
    score_map: np.ndarray,
    gt_boxes: np.ndarray,
    thresholds: np.ndarray,
    protocol: Protocol = PROTOCOLS['wsolevaluation'],
    backend: str = 'auto',
) -> np.ndarray:
    """The IoU that a protocol counts at every threshold, with all boxes in map pixels.

    Args:
        score_map: (H, W) in [0, 1].
        gt_boxes: (n, 4) xyxy in map pixels, n >= 1.
        thresholds: (T,) fractions of the map's maximum, in [0, 1).
        protocol: Rules for the foreground, the boxes and the IoU.
        backend: ``numba``: all gray levels at once; ``opencv``: one mask per distinct threshold; ``auto``: numba if it
            is installed and the protocol quantizes the map, uses contours and compares strictly (true for all presets
            on class maps except ``sltnet``).

    Returns:
        (T,) float64, the highest IoU of any box that counts with any ground-truth box; identical to the last bit for
        both backends.

    Raises:
        ValueError: If ``score_map`` is not a score map, or ``backend`` is unknown or cannot evaluate the protocol.

    Example:
        >>> score_map = np.zeros((10, 10))
        >>> score_map[2:5, 3:7], score_map[7:9, 1:3] = 1., .5
        >>> threshold_ious(score_map, np.array([[1, 7, 3, 9]]), np.array([.2, .6]), PROTOCOLS['wsolevaluation-v2'])
        array([1., 0.])
    """
    if backend not in BACKENDS:
        raise ValueError(f'backend must be one of {BACKENDS}, got {backend!r}')
    fast = can_be_compiled(protocol)
    if backend == 'numba' and not fast:
        raise ValueError(
            f"backend 'numba' needs numba ({'' if HAS_NUMBA else 'not '}installed) and a protocol that quantizes the "
            f"map, uses contours and compares strictly; use backend='auto' for {protocol.name}"
        )
    few = len(thresholds) <= FEW_THRESHOLDS and backend == 'auto'
    if backend == 'opencv' or few or not fast:
        return _plain_ious(score_map, gt_boxes, thresholds, protocol)
    image = quantize_map(score_map)
    return expand_levels(quantized_ious(image, gt_boxes, protocol), int(image.max()), thresholds)


def can_be_compiled(protocol: Protocol) -> bool:
    """Whether the compiled version gives this protocol's boxes, and numba is installed to compile it."""
    contours = (protocol.component == 'contour' or protocol.contours == 'all') and protocol.contours != 'union'
    plain = protocol.threshold_of == 'max' and protocol.box_end != 'inclusive'
    return HAS_NUMBA and protocol.quantize and protocol.comparison == '>' and contours and plain


def quantized_ious(image: np.ndarray, gt_boxes: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The IoU at every gray level T of a map, for the foreground ``image > T``, by the compiled version.

    Args:
        image: (H, W) uint8.
        gt_boxes: (n, 4) xyxy in map pixels.
        protocol: One for which :func:`can_be_compiled` is true.

    Returns:
        (max(image.max(), 1),) float64. For a map of zeros, the single entry is that of the protocol's empty box.

    Example:
        >>> gt_boxes = np.array([[1, 0, 2, 0]])
        >>> quantized_ious(np.array([[0, 2, 2]], np.uint8), gt_boxes, PROTOCOLS['wsolevaluation'])
        array([1., 1.])
    """
    if not image.any():
        return pairwise_iou(mask_boxes(image, protocol), gt_boxes, protocol.iou_plus_one).max(keepdims=True)[0]
    image, gt_boxes = np.ascontiguousarray(image), np.ascontiguousarray(gt_boxes, np.float64)
    largest, clip = protocol.contours == 'largest', protocol.box_end == 'clipped'
    return level_ious(image, gt_boxes, largest, protocol.iou_plus_one, clip)


def quantized_boxes(image: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The largest contour's box at every gray level T of a map, for the foreground ``image > T``.

    It uses the compiled version.

    Args:
        image: (H, W) uint8.
        protocol: One for which :func:`can_be_compiled` is true, with ``contours='largest'``.

    Returns:
        (max(image.max(), 1), 4) int xyxy in map pixels.

    Example:
        >>> quantized_boxes(np.array([[0, 2, 1]], np.uint8), PROTOCOLS['tscam']).tolist()
        [[1, 0, 3, 1], [1, 0, 2, 1]]
    """
    if not image.any():
        return mask_boxes(image, protocol)
    boxes = largest_contour_boxes(np.ascontiguousarray(image))
    if protocol.box_end == 'clipped':
        boxes[:, 2:] = np.minimum(boxes[:, 2:], (image.shape[1] - 1, image.shape[0] - 1))
    return boxes


def expand_levels(values: np.ndarray, highest: int, thresholds: np.ndarray) -> np.ndarray:
    """Values per gray level looked up for each threshold: ``values[..., int(threshold * highest)]``.

    Example:
        >>> expand_levels(np.arange(255), 255, np.array([0., .2, .999]))
        array([  0,  51, 254])
    """
    return values[..., (thresholds * float(highest)).astype(np.int64)]


def _plain_ious(score_map: np.ndarray, gt_boxes: np.ndarray, thresholds: np.ndarray, protocol: Protocol) -> np.ndarray:
    ious = np.empty(len(thresholds))
    for mask, index in foreground_masks(score_map, thresholds, protocol):
        ious[index] = pairwise_iou(mask_boxes(mask, protocol), gt_boxes, protocol.iou_plus_one).max()
    return ious
