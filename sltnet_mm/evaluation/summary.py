"""From the verdicts on all images to metrics and table rows, at one threshold or over a threshold grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sltnet_mm.evaluation.accuracy import ERROR_KINDS, percent
from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.evaluation.verdicts import BoxVerdict, CurveVerdict, above

Verdict = BoxVerdict | CurveVerdict
V2_IOU_LEVELS = (30, 50, 70)
"""IoU levels whose mean is MaxBoxAccV2, in percent (Choe et al., CVPR 2020)."""
Numbers = tuple[dict[str, float], list[dict[str, Any]]]


def check_results(
    results: Sequence[tuple[EvaluatedImage, dict[tuple[str, str], Verdict]]],
) -> tuple[list[EvaluatedImage], list[tuple[str, str]]]:
    """The images, and the (source, protocol) pairs for which all of them were evaluated.

    Raises:
        ValueError: If there is no image, an image occurs twice, or images were evaluated for different pairs.
    """
    if not results:
        raise ValueError('there is nothing to evaluate: no prediction reached the metric (is the data set empty?)')
    keys = list(results[0][1])
    seen: set[str] = set()
    for image, scores in results:
        if image.img_id in seen:
            raise ValueError(f'image {image.img_id!r} was evaluated twice: img_id must be unique in a data set')
        seen.add(image.img_id)
        if list(scores) != keys:
            raise ValueError(
                f'image {image.img_id!r} was evaluated for {list(scores)}, but the first image for {keys}: '
                "list the sources instead of sources='auto'"
            )
    return [image for image, _ in results], keys


def image_rows(images: Sequence[EvaluatedImage]) -> list[dict[str, Any]]:
    """The first columns of the per-image table: image, class, prediction, rank (empty without class scores)."""
    return [
        {'image': image.img_id, 'class': image.label, 'prediction': image.prediction, 'rank': image.rank}
        for image in images
    ]


def class_ranks(images: Sequence[EvaluatedImage]) -> np.ndarray | None:
    """The ranks (N,) of the ground-truth classes, or None if the model predicts no class scores.

    Raises:
        ValueError: If some images have class scores and others do not.
    """
    known = [image.rank is not None for image in images]
    if not any(known):
        return None
    if not all(known):
        name = images[known.index(False)].img_id
        raise ValueError(f'image {name!r} has no pred_score, but others have: predict it for all or for none')
    return np.array([image.rank for image in images])


def classification_numbers(images: Sequence[EvaluatedImage]) -> dict[str, float]:
    """The metrics ``cls/top1`` and ``cls/top5`` in percent; empty if the model predicts no class scores."""
    ranks = class_ranks(images)
    return {} if ranks is None else {'cls/top1': percent(ranks < 1), 'cls/top5': percent(ranks < 5)}


def fixed_numbers(images: Sequence[EvaluatedImage], scores: Sequence[BoxVerdict], protocol: Protocol) -> Numbers:
    """The metrics of one source under one protocol at one threshold, in percent, and the table's columns.

    Args:
        images: N images.
        scores: Their N verdicts.
        protocol: Gives the IoU levels, and whether to average over images or classes.

    Returns:
        Metrics by name, and one dict of columns per image.
    """
    labels = _classes(images, protocol)
    numbers = {'gt_known': percent([score.localized for score in scores], labels)}
    numbers.update(_top_k_numbers(images, np.array([score.localized_top_k for score in scores]), labels))
    ious = np.array([score.iou for score in scores])
    numbers['mean_iou'] = percent(ious, labels)
    if protocol.iou_levels != (50,):
        for level in protocol.iou_levels:
            numbers[f'box_acc_{level}'] = percent(above(ious, level / 100, protocol.strict), labels)
    columns = [
        dict(iou=score.iou, right=score.localized, threshold=protocol.threshold, error=ERROR_KINDS[score.kind])
        for score in scores
    ]
    return numbers | _error_numbers(columns, labels), columns


def grid_numbers(images: Sequence[EvaluatedImage], scores: Sequence[CurveVerdict], protocol: Protocol) -> Numbers:
    """The metrics of one source under a protocol that uses the best threshold of a grid, and the table's columns.

    All except ``max_box_acc_<level>`` are at the lowest threshold that is best at IoU 50: ``threshold`` (in [0, 1], not
    percent), ``top<k>_loc``, ``mean_iou``, ``error_<kind>``.

    Args:
        images: N images.
        scores: Their N curves.
        protocol: Gives the IoU levels and the grid.

    Returns:
        Metrics by name, and one dict of columns per image.
    """
    labels, thresholds, main = _classes(images, protocol), protocol.thresholds, protocol.iou_levels.index(50)
    accuracy = _accuracy_curves(scores, thresholds, labels, len(protocol.iou_levels))
    best_of = {level: float(curve.max()) for level, curve in zip(protocol.iou_levels, accuracy, strict=True)}
    best = best_threshold_index(accuracy[main])
    numbers = {'max_box_acc': best_of[50], **{f'max_box_acc_{level}': value for level, value in best_of.items()}}
    if set(V2_IOU_LEVELS) <= set(best_of):
        numbers['max_box_acc_v2'] = float(np.mean([best_of[level] for level in V2_IOU_LEVELS]))
    numbers['threshold'] = float(thresholds[best])
    columns: list[dict[str, Any]] = []
    for score in scores:
        entry = score.entries(thresholds)[best]
        right = bool(score.hits_at(np.array([entry]))[main, 0])
        error = '' if score.kinds is None else ERROR_KINDS[score.kinds[entry]]
        columns.append(dict(iou=float(score.ious[entry]), right=right, threshold=numbers['threshold'], error=error))
    numbers |= _top_k_numbers(images, np.array([column['right'] for column in columns]), labels)
    numbers['mean_iou'] = percent([column['iou'] for column in columns], labels)
    return numbers | (_error_numbers(columns, labels) if protocol.contours != 'all' else {}), columns


def best_threshold_index(accuracy: np.ndarray) -> int:
    """The index of the lowest threshold with the highest accuracy (T,).

    Example:
        >>> best_threshold_index(np.array([50.0, 75.0, 75.0]))
        1
    """
    return int(accuracy.argmax())


def _accuracy_curves(
    scores: Sequence[CurveVerdict], thresholds: np.ndarray, labels: np.ndarray | None, number: int
) -> np.ndarray:
    """Accuracy in percent (number, T) at each IoU level and threshold; one image at a time, to save memory."""
    names, index = (
        (np.zeros(1), np.zeros(len(scores), int)) if labels is None else np.unique(labels, return_inverse=True)
    )
    right = np.zeros((len(names), number, len(thresholds)), np.int64)
    for score, of_class in zip(scores, index, strict=True):
        right[of_class] += score.hits_at(score.entries(thresholds))
    return (100.0 * right / np.bincount(index)[:, None, None]).mean(0)


def _classes(images: Sequence[EvaluatedImage], protocol: Protocol) -> np.ndarray | None:
    """The images' classes if the protocol gives each class the same weight, else None."""
    return np.array([image.label for image in images]) if protocol.average == 'class' else None


def _top_k_numbers(
    images: Sequence[EvaluatedImage], localized: np.ndarray, labels: np.ndarray | None
) -> dict[str, float]:
    ranks = class_ranks(images)
    return {} if ranks is None else {f'top{k}_loc': percent(localized & (ranks < k), labels) for k in (1, 5)}


def _error_numbers(columns: Sequence[dict[str, Any]], labels: np.ndarray | None) -> dict[str, float]:
    errors = np.array([column['error'] for column in columns])
    return {f'error_{name}': percent(errors == name, labels) for name in ERROR_KINDS if name != 'correct'}
