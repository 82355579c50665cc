"""The choice of part and threshold for the boxes of a run: on true boxes where there are some, otherwise without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sltnet_mm.functional.boxes import PAPER_THRESHOLD, box_iou
from sltnet_mm.labeling.locating import THRESHOLDS, Box, Located
from sltnet_mm.labeling.photographs import Photographs
from sltnet_mm.models.box_source import BoxChoice

LEAST_TRUE = 20
"""With fewer images with true boxes the threshold is not chosen on them."""


@dataclass(frozen=True)
class Choice:
    """Which boxes a run gives.

    Args:
        source: The part, 'localizer' or 'regressor'.
        threshold: Threshold of the score map.
        reasons: Why, in sentences.
    """

    source: str
    threshold: float
    reasons: tuple[str, ...]


def true_boxes(photographs: Photographs, split: str) -> dict[str, list[Box]]:
    """The ground-truth boxes of a split, by image; empty if it has none."""
    found: dict[str, list[Box]] = {}
    for row in photographs.rows:
        if row['split'] == split and row['x1']:
            x1, y1, x2, y2 = (float(row[name]) for name in ('x1', 'y1', 'x2', 'y2'))
            found.setdefault(row['image'], []).append((x1, y1, x2, y2))
    return found


def choose(located: Sequence[Located], checkpoint_choice: BoxChoice, true: Mapping[str, Sequence[Box]]) -> Choice:
    """The part and the threshold of the boxes.

    With at least ``LEAST_TRUE`` images with true boxes, the part and threshold with the most right boxes (IoU above
    0.5) on them; otherwise what the training chose, at the paper's threshold.

    Args:
        located: All records.
        checkpoint_choice: The part that the training chose.
        true: True boxes by image, of the validation split.
    """
    measured = [record for record in located if record.image in true]
    if len(measured) < LEAST_TRUE:
        have = f'{len(measured)} images with true boxes' if measured else 'no true boxes'
        return Choice(
            checkpoint_choice.source,
            PAPER_THRESHOLD,
            (
                f'boxes of the {checkpoint_choice.source}: {checkpoint_choice.reason}',
                f"threshold {PAPER_THRESHOLD:g}, the paper's: {have} to choose it by",
            ),
        )
    rates = {('localizer', t): accuracy(measured, 'localizer', t, true) for t in THRESHOLDS}
    rates['regressor', PAPER_THRESHOLD] = accuracy(measured, 'regressor', PAPER_THRESHOLD, true)
    source, threshold = max(rates, key=lambda key: rates[key])
    text = ', '.join(f'{name} {rates[name, t]:.1f} %' for name, t in ((source, threshold), _other(rates, source)))
    return Choice(
        source, threshold, (f'boxes of the {source}, threshold {threshold:g}: right on the validation images: {text}',)
    )


def _other(rates: Mapping[tuple[str, float], float], source: str) -> tuple[str, float]:
    others = [key for key in rates if key[0] != source]
    return max(others, key=lambda key: rates[key])


def accuracy(located: Sequence[Located], source: str, threshold: float, true: Mapping[str, Sequence[Box]]) -> float:
    """The share of boxes, in %, whose IoU with a true box is above 0.5."""
    return 100 * float(np.mean(right(located, source, threshold, true)))


def right(located: Sequence[Located], source: str, threshold: float, true: Mapping[str, Sequence[Box]]) -> np.ndarray:
    """Whether each box has an IoU above 0.5 with a true box of its image, n bool."""
    return np.array(
        [
            float(box_iou(torch.tensor([record.box(source, threshold)]), torch.tensor(true[record.image])).max()) > 0.5
            for record in located
        ]
    )
