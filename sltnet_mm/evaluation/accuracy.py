"""From boxes, ground-truth boxes and class scores to right or wrong: IoU, class ranks, kinds of error, accuracies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ERROR_KINDS = ('correct', 'wrong_class', 'multi_instance', 'part', 'larger', 'other')
"""Kinds of error of an image's box; see :func:`error_kinds`."""


def pairwise_iou(boxes_a: np.ndarray, boxes_b: np.ndarray, plus_one: bool = False) -> np.ndarray:
    """Intersection over union of every pair of boxes, with either convention for end pixels.

    Args:
        boxes_a: (n, 4) xyxy.
        boxes_b: (m, 4) xyxy, in the same frame.
        plus_one: Count the end pixels as inside (``width = x1 - x0 + 1``), as wsolevaluation and TS-CAM do.

    Returns:
        (n, m) float64 in [0, 1]; 0 for boxes that do not overlap or whose union is empty.

    Example:
        >>> a, b = np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])
        >>> float(pairwise_iou(a, b)[0, 0]), float(pairwise_iou(a, b, plus_one=True)[0, 0])
        (0.3333333333333333, 0.5)
    """
    boxes_a, boxes_b = np.asarray(boxes_a, np.float64).reshape(-1, 4), np.asarray(boxes_b, np.float64).reshape(-1, 4)
    extra = 1.0 if plus_one else 0.0
    a, b = boxes_a[:, None], boxes_b[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + extra
    intersection = np.clip(sides, 0, None).prod(-1)
    area_a, area_b = ((box[..., 2:] - box[..., :2] + extra).prod(-1) for box in (a, b))
    union = area_a + area_b - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=(union > 0) & (intersection > 0))


def label_rank(scores: np.ndarray, label: int) -> int:
    """The number of classes ranked before ``label``: 0 means top-1 correct, below 5 top-5 correct.

    Of equal scores, the lower class index comes first, so constant scores are right for one class only.

    Args:
        scores: (C,) on any scale.
        label: Index in [0, C).

    Returns:
        The rank, in [0, C).

    Raises:
        ValueError: If a score is NaN, or ``label`` is not a class.

    Example:
        >>> label_rank(np.array([.1, .7, .2]), 2)
        1
    """
    scores = np.asarray(scores).reshape(-1)
    if not 0 <= label < len(scores):
        raise ValueError(f'label must be in [0, {len(scores)}), the number of scores, got {label}')
    if np.isnan(scores).any():
        raise ValueError('scores must be numbers, got NaN')
    return int((scores > scores[label]).sum() + (scores[:label] == scores[label]).sum())


def error_kinds(boxes: np.ndarray, gt_boxes: np.ndarray, localized: np.ndarray, classified: bool = True) -> np.ndarray:
    """The kind of error of each of an image's boxes: the first that applies, as an index into ``ERROR_KINDS``.

    The kinds and limits are those of the error analyses of TS-CAM (Gao et al., ICCV 2021) and SPA (Pan et al., CVPR
    2021), on plain areas (without + 1):

    - ``wrong_class``: the class is not the top one, wherever the box is;
    - ``multi_instance``: the box covers more than 0.3 of each of at least two ground-truth boxes;
    - ``part``: more than 0.5 of the box lies inside a ground-truth box;
    - ``larger``: more than 0.7 of a ground-truth box lies inside the box;
    - ``other``: none of these;
    - ``correct``: class and box are right.

    Args:
        boxes: (n, 4) xyxy.
        gt_boxes: (m, 4) xyxy, in the same frame.
        localized: (n,) bool, whether each box is right under the protocol.
        classified: Whether the class is right, or unknown.

    Returns:
        (n,) uint8.

    Example:
        >>> boxes, gt_boxes = np.array([[0, 0, 2, 2], [0, 0, 99, 99]]), np.array([[0, 0, 9, 9]])
        >>> kinds = error_kinds(boxes, gt_boxes, localized=np.array([False, False]))
        >>> [ERROR_KINDS[kind] for kind in kinds]
        ['part', 'larger']
    """
    correct, wrong_class, multi_instance, part, larger, other = range(len(ERROR_KINDS))
    boxes, gt_boxes = (np.asarray(array, np.float64).reshape(-1, 4) for array in (boxes, gt_boxes))
    if not classified:
        return np.full(len(boxes), wrong_class, np.uint8)
    sides = np.minimum(boxes[:, None, 2:], gt_boxes[:, 2:]) - np.maximum(boxes[:, None, :2], gt_boxes[:, :2])
    intersection = np.clip(sides, 0, None).prod(-1)  # n x m
    area, gt_area = ((array[:, 2:] - array[:, :2]).prod(-1) for array in (boxes, gt_boxes))
    tiny = np.finfo(float).tiny  # boxes without area get a share of 0
    gt_share, box_share = intersection / np.maximum(gt_area, tiny), intersection / np.maximum(area, tiny)[:, None]
    conditions = [localized, (gt_share > 0.3).sum(1) >= 2, (box_share > 0.5).any(1), (gt_share > 0.7).any(1)]
    return np.select(conditions, [correct, multi_instance, part, larger], other).astype(np.uint8)


def percent(right: Sequence[bool] | np.ndarray, labels: np.ndarray | None = None) -> float:
    """The percentage of correct images; with labels, averaged per class first, as PSOL reports.

    Args:
        right: (N,) booleans, or numbers in [0, 1].
        labels: (N,) classes, or None for the mean over images.

    Returns:
        A number in [0, 100].

    Raises:
        ValueError: If there is no image.

    Example:
        >>> percent([True, True, False]), percent([True, True, False], np.array([0, 0, 1]))
        (66.66666666666667, 50.0)
    """
    right = np.asarray(right, np.float64)
    if not len(right):
        raise ValueError('right must hold at least one image, got none')
    if labels is None:
        return 100.0 * float(right.sum()) / len(right)
    _, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return 100.0 * float((np.bincount(index, right) / counts).mean())
