"""Evaluation of score maps of any origin (arrays, or a folder of .npy files) under one protocol, without a runner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sltnet_mm.evaluation.accuracy import pairwise_iou, percent
from sltnet_mm.evaluation.image_frame import truncate_boxes
from sltnet_mm.evaluation.protocols import Protocol, get_protocol
from sltnet_mm.evaluation.samples import check_gt_boxes
from sltnet_mm.evaluation.threshold_boxes import check_score_map, foreground_masks, mask_boxes
from sltnet_mm.evaluation.threshold_ious import threshold_ious

IOU_LEVELS = (30, 50, 70)
"""IoU levels of MaxBoxAccV2, in percent (Choe et al., Evaluating Weakly Supervised Object Localization Methods Right,
CVPR 2020).
"""
BATCH_PER_WORKER = 16
"""Maps in memory per worker: enough to keep threads busy, and only 3 MB at 224 x 224 float32."""


def evaluate_score_maps(
    score_maps: Iterable[np.ndarray],
    gt_boxes: Sequence[np.ndarray],
    protocol: str | Protocol = 'wsolevaluation',
    thresholds: Sequence[float] | np.ndarray | None = None,
    image_sizes: Sequence[tuple[int, int]] | None = None,
    *,
    names: Sequence[str] | None = None,
    backend: str = 'auto',
    workers: int = 1,
    on_image: Callable[[str, np.ndarray], Any] | None = None,
) -> dict[str, Any]:
    """The number of images whose box is right at every threshold, and the accuracy at the best threshold.

    Args:
        score_maps: H x W arrays in [0, 1], one per image; may be a generator. Constant maps are evaluated as in
            wsolevaluation: all zeros give the box (0, 0, 0, 0), any other constant the whole map.
        gt_boxes: One (n, 4) xyxy array per image, n >= 1, in map pixels, or in image pixels if ``image_sizes`` is
            given.
        protocol: Name of a preset, or a ``Protocol``. Its rules for choosing and resizing the class map do not apply
            here: the score maps are already made.
        thresholds: Fractions of a map's maximum in [0, 1); None for the protocol's own.
        image_sizes: (width, height) of each original image.
        names: One per image, for messages and ``on_image``; None for their numbers.
        backend: ``auto``, ``numba`` or ``opencv``, see ``threshold_ious``; the results are the same.
        workers: Number of threads. The compiled version releases the interpreter's lock.
        on_image: Called in order with each image's name and its IoU at every threshold, (T,); for tables and progress.

    Returns:
        A dict with these entries.

        - ``thresholds``: (T,);
        - ``correct``: the counts (T,) int64 by IoU level: 30, 50, 70 (and the protocol's others);
        - ``max_box_acc``: the best accuracy in percent, by IoU level;
        - ``max_box_acc_v2``: the mean of ``max_box_acc`` over 30, 50, 70 (MaxBoxAccV2 of Choe et al. under
          ``wsolevaluation-v2``, which uses every contour);
        - ``best_threshold``: the lowest threshold that is best at IoU 50;
        - ``mean_iou``: percent, at that threshold;
        - ``protocol``: its name;
        - ``num_images``.

    Raises:
        KeyError: If there is no preset of this name.
        ValueError: If an array is not a score map, a ground-truth box is missing, inverted or outside, the numbers of
            maps, boxes, sizes and names differ, there is no image, or the protocol is for boxes only. The message names
            the image.

    Example:
        >>> score_map = np.zeros((10, 10))
        >>> score_map[2:6, 3:7] = 1
        >>> result = evaluate_score_maps([score_map], [np.array([[3, 2, 7, 6]])])
        >>> result['max_box_acc'], result['best_threshold']
        ({30: 100.0, 50: 100.0, 70: 100.0}, 0.0)
    """
    protocol = get_protocol(protocol)
    if protocol.map is None:
        raise ValueError(
            f'protocol {protocol.name} is for boxes only: it has no rules for maps; choose another protocol'
        )
    thresholds = _checked_thresholds(protocol.thresholds if thresholds is None else thresholds)
    _check_counts(len(gt_boxes), image_sizes=image_sizes, names=names)
    levels = sorted({*IOU_LEVELS, *protocol.iou_levels})
    correct = {level: np.zeros(len(thresholds), np.int64) for level in levels}
    iou_sum = np.zeros(len(thresholds))

    def evaluate(item: tuple[int, np.ndarray]) -> tuple[str, np.ndarray]:
        number, score_map = item
        name = str(number) if names is None else names[number]
        size = None if image_sizes is None else image_sizes[number]
        return name, image_ious(score_map, gt_boxes[number], thresholds, protocol, size, name, backend)

    for name, ious in _in_order(evaluate, _numbered(score_maps, len(gt_boxes)), workers):
        for level in levels:
            correct[level] += ious > level / 100 if protocol.strict else ious >= level / 100
        iou_sum += ious
        if on_image is not None:
            on_image(name, ious)
    number = len(gt_boxes)
    max_box_acc = {level: 100.0 * float(correct[level].max()) / number for level in levels}
    best = int(correct[50].argmax())
    return dict(
        thresholds=thresholds,
        correct=correct,
        max_box_acc=max_box_acc,
        max_box_acc_v2=float(np.mean([max_box_acc[level] for level in IOU_LEVELS])),
        best_threshold=float(thresholds[best]),
        mean_iou=percent([iou_sum[best] / number]),
        protocol=protocol.name,
        num_images=number,
    )


def image_ious(
    score_map: np.ndarray,
    gt_boxes: np.ndarray,
    thresholds: np.ndarray,
    protocol: Protocol,
    image_size: tuple[int, int] | None,
    name: str,
    backend: str = 'auto',
) -> np.ndarray:
    """The IoU (T,) of one image at every threshold; arguments as in :func:`evaluate_score_maps`.

    Raises:
        ValueError: If the map or its boxes are invalid; the message names the image.
    """
    gt_boxes = np.asarray(gt_boxes, np.float64).reshape(-1, 4)
    check_gt_boxes(gt_boxes, image_size, name)
    gt_boxes = gt_boxes[:1] if protocol.gt_boxes == 'first' else gt_boxes
    try:
        if image_size is None:
            return threshold_ious(score_map, gt_boxes, thresholds, protocol, backend)
        return _ious_in_image(score_map, gt_boxes, thresholds, protocol, image_size, backend)
    except ValueError as error:
        raise ValueError(f'image {name!r}: {error}') from error


def _ious_in_image(
    score_map: np.ndarray,
    gt_boxes: np.ndarray,
    thresholds: np.ndarray,
    protocol: Protocol,
    image_size: tuple[int, int],
    backend: str,
) -> np.ndarray:
    """The IoU (T,) with ground-truth boxes in image pixels; they go to the map, or the map's boxes to the image."""
    if not isinstance(score_map, np.ndarray) or score_map.ndim != 2:
        check_score_map(score_map)
    map_size = score_map.shape[::-1]
    if protocol.truncate_gt:
        return threshold_ious(score_map, truncate_boxes(gt_boxes, image_size, map_size), thresholds, protocol, backend)
    scale = np.tile(np.array(map_size, np.float64) / image_size, 2)
    if protocol.frame == 'map':
        return threshold_ious(score_map, gt_boxes * scale, thresholds, protocol, backend)
    ious = np.empty(len(thresholds))
    for mask, index in foreground_masks(score_map, thresholds, protocol):
        ious[index] = pairwise_iou(mask_boxes(mask, protocol) / scale, gt_boxes, protocol.iou_plus_one).max()
    return ious


def load_score_maps(folder: str | Path, names: Sequence[str]) -> Iterator[np.ndarray]:
    """Yield the maps ``<folder>/<name>.npy`` in the order of the names.

    For an image with a suffix, such as ``x.jpg``, both ``x.jpg.npy`` and ``x.npy`` are tried.

    Args:
        folder: Folder of the maps.
        names: Names of the images.

    Yields:
        The array of each image.

    Raises:
        FileNotFoundError: If an image has no map.
        ValueError: If a file is not an array, or a name leaves the folder.
    """
    for name in names:
        if Path(name).is_absolute() or '..' in Path(name).parts or not Path(name).name:
            raise ValueError(f'image {name!r}: the name must be a path below the folder of maps {str(folder)!r}')
        candidates = [Path(folder) / f'{name}.npy', Path(folder) / Path(name).with_suffix('.npy')]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            raise FileNotFoundError(f'image {name!r} has no map: neither {candidates[0]} nor {candidates[1]} exists')
        try:
            yield np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f'image {name!r}: {path} is not an array saved by numpy.save: {error}') from error


def _checked_thresholds(thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    thresholds = np.asarray(thresholds, np.float64).reshape(-1)
    if not len(thresholds) or not ((thresholds >= 0) & (thresholds < 1)).all():
        raise ValueError(f'thresholds must be at least one fraction of the maximum in [0, 1), got {thresholds}')
    return thresholds


def _check_counts(number: int, **others: Sequence | None) -> None:
    if number == 0:
        raise ValueError(
            'gt_boxes must hold the ground-truth boxes of at least one image, got none: there is nothing to evaluate'
        )
    for name, values in others.items():
        if values is not None and len(values) != number:
            raise ValueError(f'{name} must have one entry per image, like gt_boxes ({number}), got {len(values)}')


def _numbered(score_maps: Iterable[np.ndarray], number: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (number, map); raise if there are more or fewer maps than boxes."""
    count = 0
    for score_map in score_maps:
        if count == number:
            raise ValueError(f'score_maps must have one entry per image, like gt_boxes ({number}), got more')
        yield count, score_map
        count += 1
    if count < number:
        raise ValueError(f'score_maps must have one entry per image, like gt_boxes ({number}), got {count}')


def _in_order(function: Callable[[Any], Any], items: Iterator[Any], workers: int) -> Iterator[Any]:
    """Yield ``function(item)`` in order, with several threads and few items in memory at once."""
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    if workers == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(items, BATCH_PER_WORKER * workers)):
            yield from pool.map(function, batch)
