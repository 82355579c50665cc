"""What all protocols share when the images of a data set are summed up: their classes, and what makes a list of results
whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sltnet_mm.evaluation.accuracy import percent
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.evaluation.verdicts import BoxScore, CurveScore

Score = BoxScore | CurveScore


def check_results(
    results: Sequence[tuple[EvaluatedImage, dict[tuple[str, str], Score]]],
) -> tuple[list[EvaluatedImage], list[tuple[str, str]]]:
    """The images and the (source, protocol) pairs that all of them were scored for.

    Raises:
        ValueError: If there is no image, an image occurs twice, or images were scored for different things.
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
                f'image {image.img_id!r} was scored for {list(scores)}, the first image for {keys}: '
                "name the sources instead of sources='auto'"
            )
    return [image for image, _ in results], keys


def image_rows(images: Sequence[EvaluatedImage]) -> list[dict[str, Any]]:
    """The first columns of the per-image table: image, class, prediction, rank (empty without class scores)."""
    return [
        {'image': image.img_id, 'class': image.label, 'prediction': image.prediction, 'rank': image.rank}
        for image in images
    ]


def class_ranks(images: Sequence[EvaluatedImage]) -> np.ndarray | None:
    """The true classes' ranks (N,), or None where the model predicts no class scores.

    Raises:
        ValueError: If some images have class scores and others not.
    """
    known = [image.rank is not None for image in images]
    if not any(known):
        return None
    if not all(known):
        name = images[known.index(False)].img_id
        raise ValueError(f'image {name!r} has no pred_score, others have: predict it for all or for none')
    return np.array([image.rank for image in images])


def classification_numbers(images: Sequence[EvaluatedImage]) -> dict[str, float]:
    """``cls/top1`` and ``cls/top5`` in percent, or nothing where the model predicts no class scores."""
    ranks = class_ranks(images)
    return {} if ranks is None else {'cls/top1': percent(ranks < 1), 'cls/top5': percent(ranks < 5)}
