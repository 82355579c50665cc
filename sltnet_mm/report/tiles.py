"""The pictures of a report: one image with its ground-truth box and the predictions of several models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.datasets.orientation import original_image
from sltnet_mm.functional.boxes import PAPER_THRESHOLD, box_iou
from sltnet_mm.report.page import Tile
from sltnet_mm.structures.frames import boxes_of_samples, sample_boxes
from sltnet_mm.visualization import box_panel, enlarge, map_panel


def sample_overlap(sample: BaseDataElement, source: str, threshold: float = PAPER_THRESHOLD) -> float:
    """The IoU of a prediction's box with the ground truth, in [0, 1]; with several true boxes, the best.

    Args:
        sample: Prediction with ``gt_instances``.
        source: 'map' (the box of ``pred_score_map``) or 'box' (the first of ``pred_instances``).
        threshold: Threshold of the map, as a fraction of its maximum. Defaults to the paper's.

    Raises:
        ValueError: If ``source`` is neither.
    """
    if source not in ('map', 'box'):
        raise ValueError(f"sample_overlap: source must be 'map' or 'box', got {source!r}")
    if source == 'map':
        box = boxes_of_samples([sample.cpu()], threshold).boxes
    else:
        box = sample_boxes(sample, 'pred_instances')[:1]
    return _best_iou(box, sample_boxes(sample, 'gt_instances'))


def _best_iou(box: Tensor, gt_boxes: Tensor) -> float:
    return float(box_iou(box, gt_boxes).max())


class ImageTiles:
    """The tiles of one test image.

    Args:
        sample: Prediction of any model, for its ``img_path``, ``gt_instances`` and ``gt_label``.
        classes: Class names.
        min_side: Shorter side in pixels to which smaller images are enlarged. Defaults to 192.
        rotated: Whether the boxes refer to the image after EXIF rotation (see ``LocalizationDataset.exif_rotated``).
            Defaults to True.
    """

    def __init__(
        self, sample: BaseDataElement, classes: Sequence[str], min_side: int = 192, rotated: bool = True
    ) -> None:
        self.classes = classes
        image = original_image(sample.img_path, rotated)
        self.size = image.shape[:2]
        self.picture, self.factor = enlarge(image, min_side)
        self.gt_boxes = sample_boxes(sample, 'gt_instances')
        self.label = int(sample.gt_label.reshape(-1)[0])

    def truth(self) -> Tile:
        """The image with its ground-truth box and class name."""
        picture = box_panel(self.picture, self.gt_boxes * self.factor, torch.zeros(0, 4))
        return Tile(picture, (self.classes[self.label],))

    def score_map(self, sample: BaseDataElement, threshold: float = PAPER_THRESHOLD) -> Tile:
        """A localizer's score map, its box and IoU."""
        matrix = np.asarray(sample.homography_matrix, np.float64)
        box = boxes_of_samples([sample.cpu()], threshold).boxes
        shrink = np.diag([1 / self.factor, 1 / self.factor, 1])
        picture = map_panel(
            self.picture, sample.pred_score_map, matrix @ shrink, self.gt_boxes * self.factor, box * self.factor
        )
        return Tile(picture, (self._overlap(box),))

    def box(self, sample: BaseDataElement) -> Tile:
        """The predicted box, its IoU and first label."""
        box = sample_boxes(sample, 'pred_instances')[:1]
        label, score = int(sample.pred_instances.labels[0]), float(sample.pred_instances.scores[0])
        picture = box_panel(self.picture, self.gt_boxes * self.factor, box * self.factor)
        return Tile(picture, (self._overlap(box), f'{self.classes[label]} {score:.2f}'))

    def _overlap(self, box: Tensor) -> str:
        iou = _best_iou(box, self.gt_boxes)
        return f'IoU {iou:.2f}{"" if iou > 0.5 else ": wrong"}'  # correct if above 0.5, as in the table
