"""The pictures of a report: one image, its true box, and what each model found."""

from __future__ import annotations

from collections.abc import Sequence

import mmcv
import mmengine.fileio as fileio
import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.functional.boxes import box_iou
from sltnet_mm.report.page import Tile
from sltnet_mm.visualization import box_of_map, box_panel, enlarge, map_panel, sample_boxes


class ImageTiles:
    """Makes the tiles of one image of the test data.

    Args:
        sample: Any model's prediction of it: gives ``img_path``, ``gt_instances`` and ``gt_label``.
        classes: Names of the classes.
        min_side: Smaller images are enlarged to this many pixels.
    """

    def __init__(self, sample: BaseDataElement, classes: Sequence[str], min_side: int = 192) -> None:
        self.classes = classes
        image = mmcv.imfrombytes(fileio.get(sample.img_path), channel_order='rgb')
        self.size = image.shape[:2]
        self.picture, self.factor = enlarge(image, min_side)
        self.true_boxes = sample_boxes(sample, 'gt_instances')
        self.label = int(sample.gt_label.reshape(-1)[0])

    def truth(self) -> Tile:
        """The image with its true box."""
        picture = box_panel(self.picture, self.true_boxes * self.factor, torch.zeros(0, 4))
        return Tile(picture, (self.classes[self.label],))

    def score_map(self, sample: BaseDataElement, threshold: float = 0.2) -> Tile:
        """A localizer's score map with its box."""
        matrix = np.asarray(sample.homography_matrix, np.float64)
        box = box_of_map(sample.pred_score_map, matrix, self.size, threshold)
        shrink = np.diag([1 / self.factor, 1 / self.factor, 1])
        picture = map_panel(
            self.picture, sample.pred_score_map, matrix @ shrink, self.true_boxes * self.factor, box * self.factor
        )
        return Tile(picture, (self._overlap(box),))

    def box(self, sample: BaseDataElement) -> Tile:
        """The predicted box with its first label."""
        box = sample_boxes(sample, 'pred_instances')[:1]
        label, score = int(sample.pred_instances.labels[0]), float(sample.pred_instances.scores[0])
        picture = box_panel(self.picture, self.true_boxes * self.factor, box * self.factor)
        return Tile(picture, (self._overlap(box), f'{self.classes[label]} {score:.2f}'))

    def _overlap(self, box: Tensor) -> str:
        iou = float(box_iou(box, self.true_boxes).max())
        return f'IoU {iou:.2f}{"" if iou > 0.5 else ": wrong"}'  # strictly above .5 is right, as in the table
