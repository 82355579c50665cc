"""The scores of boxes: how sure a box is, without a ground-truth box."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.functional.boxes import box_iou, score_map_to_box
from sltnet_mm.structures.frames import boxes_to_original

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3)
"""Thresholds of the score map whose boxes a box is compared with, around the paper's 0.2."""


def box_scores(
    samples: Sequence[BaseDataElement], boxes: Tensor, thresholds: Sequence[float] = THRESHOLDS
) -> Tensor | None:
    """The score of each image's box: its mean IoU with the boxes of the score map at several thresholds.

    A box that hardly moves with the threshold lies around a map with a clear edge; a regressor's box scores high only
    if the localizer's map agrees with it. The score compares boxes of one model; it is no probability.

    Args:
        samples: B predictions with ``pred_score_map``, ``homography_matrix`` and ``ori_shape``.
        boxes: B x 4 xyxy in pixels of the original images, from the localizer or the regressor.
        thresholds: Shares of the map's maximum, each in [0, 1).

    Returns:
        B in [0, 1], float32 on the CPU; None if the samples have no score map.

    Raises:
        ValueError: If the numbers of samples and boxes differ.

    Example:
        >>> sample = BaseDataElement(metainfo=dict(homography_matrix=torch.eye(3).numpy(), ori_shape=(8, 8)))
        >>> sample.pred_score_map = torch.zeros(8, 8)
        >>> sample.pred_score_map[2:4, 2:6] = 1
        >>> box_scores([sample, sample], torch.tensor([[2.0, 2, 6, 4], [2, 2, 6, 6]]))
        tensor([1.0000, 0.5000])
    """
    if len(samples) != len(boxes):
        raise ValueError(f'box_scores needs one box per sample, got {len(boxes)} boxes for {len(samples)} samples')
    if not all('pred_score_map' in sample for sample in samples):
        return None
    score_maps = torch.stack([sample.pred_score_map.detach() for sample in samples])
    found = torch.cat([score_map_to_box(score_maps, threshold) for threshold in thresholds])
    found = boxes_to_original(found, [sample.metainfo for sample in samples] * len(thresholds)).cpu()
    overlaps = matched_iou(boxes.detach().float().cpu().repeat(len(thresholds), 1), found)
    return overlaps.view(len(thresholds), -1).mean(0)


def matched_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """The IoU of each box with the box of the same row.

    Args:
        boxes: n x 4 xyxy.
        others: n x 4 xyxy.

    Returns:
        n in [0, 1].

    Example:
        >>> matched_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 2, 1]]))
        tensor([0.5000])
    """
    # in pieces, because box_iou compares every pair
    pieces = [box_iou(*pair).diagonal() for pair in zip(boxes.split(64), others.split(64), strict=True)]
    return torch.cat(pieces) if pieces else boxes.new_zeros(0)
