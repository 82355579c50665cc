"""Doubt about boxes from signals that need no ground truth: the order in which a person should look at them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sltnet_mm.functional.boxes import covers_image
from sltnet_mm.labeling.locating import THRESHOLDS, Box, Located
from sltnet_mm.pseudo_boxes.box_scores import THRESHOLDS as SCORED
from sltnet_mm.pseudo_boxes.box_scores import matched_iou

SIGNALS = ('agreement', 'mirror', 'stability', 'label')
"""Agreement of localizer and regressor, of the image and its mirror image, of thresholds; margin of the label."""


def signals(located: Sequence[Located], source: str, threshold: float) -> dict[str, np.ndarray]:
    """The signals of each photograph's box, each in [0, 1], 1 for sure.

    Args:
        located: n records.
        source: The part whose boxes are taken, 'localizer' or 'regressor'.
        threshold: Threshold of the localizer's boxes, one of ``locating.THRESHOLDS``.

    Returns:
        Name of ``SIGNALS`` to n float64: the IoU of both parts' boxes; the IoU of the box with that of the mirror
        image; the mean IoU of the box with those of the score map at several thresholds, which is its score; half of
        one plus the label's probability minus the highest other one.
    """
    boxes = [record.box(source, threshold) for record in located]
    other = 'localizer' if source == 'regressor' else 'regressor'
    at = [THRESHOLDS.index(each) for each in SCORED]
    margins = [record.label_score - record.other_score for record in located]
    return dict(
        agreement=_ious(boxes, [record.box(other, threshold) for record in located]),
        mirror=_ious(boxes, [record.mirrored_box(source, threshold) for record in located]),
        stability=np.mean([_ious(boxes, [record.of_map[place] for record in located]) for place in at], axis=0),
        label=(1 + np.array(margins)) / 2,
    )


def doubts(located: Sequence[Located], of: dict[str, np.ndarray], source: str, threshold: float) -> np.ndarray:
    """The doubt about each photograph's box, n in [0, 1].

    It is one minus the mean of the signals, and 1 where there is no box or the box is the whole image. The agreement
    of both parts counts for the regressor's boxes only: a regressor worse than its localizer says little of the
    localizer's boxes (docs/benchmarks.md).

    Args:
        located: n records.
        of: Their :func:`signals`.
        source: The part whose boxes are taken.
        threshold: Threshold of the localizer's boxes.
    """
    counted = SIGNALS if source == 'regressor' else SIGNALS[1:]
    doubt = 1 - np.mean([of[name] for name in counted], axis=0)
    boxes = torch.tensor([record.box(source, threshold) for record in located]).view(-1, 4)
    sizes = torch.tensor([record.size for record in located], dtype=torch.float32).view(-1, 2)
    doubt[covers_image(boxes, sizes).numpy()] = 1.0
    doubt[[not record.found for record in located]] = 1.0
    return doubt


def _ious(boxes: Sequence[Box], others: Sequence[Box]) -> np.ndarray:
    return matched_iou(torch.tensor(boxes).view(-1, 4), torch.tensor(others).view(-1, 4)).double().numpy()
