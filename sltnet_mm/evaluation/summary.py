"""From what is known of every image to the numbers of a data set."""
from collections.abc import Sequence

import numpy as np

from sltnet_mm.evaluation.image_scores import BoxScore
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.functional.localization import ERROR_KINDS, percent
from sltnet_mm.functional.protocols import Protocol


def classification_numbers(images: Sequence[EvaluatedImage]) -> dict[str, float]:
    """Return ``cls/top1`` and ``cls/top5`` in percent, or nothing where the model predicts no class scores.

    Raises:
        ValueError: If some images have class scores and others not.
    """
    ranks = class_ranks(images)
    return {} if ranks is None else {'cls/top1': percent(ranks < 1), 'cls/top5': percent(ranks < 5)}


def class_ranks(images: Sequence[EvaluatedImage]) -> np.ndarray | None:
    """Return the true classes' ranks (N,), or None where the model predicts no class scores.

    Raises:
        ValueError: If some images have class scores and others not.
    """
    known = [image.rank is not None for image in images]
    if not any(known):
        return None
    if not all(known):
        raise ValueError(f'image {images[known.index(False)].img_id!r} has no pred_score, others have: predict it for all or for none')
    return np.array([image.rank for image in images])


def fixed_numbers(images: Sequence[EvaluatedImage], scores: Sequence[BoxScore], protocol: Protocol) -> dict[str, float]:
    """Return the numbers of one source under one protocol at one threshold, in percent.

    Args:
        images: (N,) images.
        scores: (N,) their scores.
        protocol: Says whether classes count alike or images do.
    """
    labels = np.array([image.label for image in images]) if protocol.average == 'class' else None
    ranks = class_ranks(images)
    numbers = {'gt_known': percent([score.localized for score in scores], labels)}
    if ranks is not None:
        localized = np.array([score.localized_top_k for score in scores])
        numbers.update({f'top{k}_loc': percent(localized & (ranks < k), labels) for k in (1, 5)})
    numbers['mean_iou'] = percent([score.iou for score in scores], labels)
    kinds = [score.kind for score in scores]
    numbers.update({f'error_{kind}': percent([kind == other for other in kinds], labels) for kind in ERROR_KINDS if kind != 'correct'})
    return numbers
