"""Non-maximum suppression under mmcv's names and arguments.

Boxes are x1, y1, x2, y2 in pixels. With ``offset=0`` the ends are exclusive, with ``offset=1`` inclusive: a box is then
x2 - x1 + 1 wide.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision import ops

__all__ = ['nms', 'nms_match', 'softnms']


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """The indices of the kept boxes, best first: a box goes if its IoU with a better kept one exceeds the threshold.

    Example:
        >>> boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.9], [6.0, 6.0, 9.0, 9.0]])
        >>> nms(boxes, torch.tensor([0.8, 0.9, 0.7]), 0.5, 0)
        tensor([1, 2])
    """
    boxes = boxes.to(torch.promote_types(boxes.dtype, torch.float32))  # torchvision has no half precision on the CPU.
    return ops.nms(_exclusive(boxes, offset), scores.to(boxes.dtype), iou_threshold)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """The indices of the kept boxes; ``dets`` (N x 5) takes boxes and lowered scores. One box after the other is taken,
    the best first, and the scores of the rest are lowered by their IoU with it (Bodla et al., "Soft-NMS", ICCV 2017).

    Args:
        boxes: N x 4.
        scores: N.
        dets: Filled from the first row on, N x 5; rows behind the kept ones are left as they are.
        iou_threshold: Of methods 0 and 1.
        sigma: Of method 2.
        min_score: Boxes whose score falls below it are dropped.
        method: 0 drops, 1 multiplies by 1 - IoU (both from the threshold on), 2 by exp(-IoU^2 / sigma).
        offset: 1 for inclusive ends, else 0.
    """
    scores, corners = scores.clone(), _exclusive(boxes, offset)
    left = torch.arange(len(boxes))
    kept: list[int] = []
    while len(left):
        place = scores[left].argmax()
        best = left[place]
        dets[len(kept)] = torch.cat((boxes[best], scores[best, None]))
        kept.append(int(best))
        left = torch.cat((left[:place], left[place + 1 :]))
        ious = ops.box_iou(corners[best, None], corners[left])[0]
        if method == 2:
            scores[left] *= (-(ious**2) / sigma).exp()
        else:
            scores[left] *= torch.where(ious >= iou_threshold, 1 - ious if method == 1 else 0.0, 1.0)
        left = left[scores[left] >= min_score]
    return torch.tensor(kept, dtype=torch.long)


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """One group per box that NMS keeps: its index, then those of the boxes it suppresses (IoU at least the threshold).

    Example:
        >>> dets = torch.tensor([[0.0, 0.0, 4.0, 4.0, 0.8], [0.0, 0.0, 4.0, 3.9, 0.9], [6.0, 6.0, 9.0, 9.0, 0.7]])
        >>> nms_match(dets, 0.5)
        [[1, 0], [2]]
    """
    left, groups = dets[:, 4].argsort(descending=True), []
    while len(left):
        best, left = left[0], left[1:]
        matched = ops.box_iou(dets[best, None, :4], dets[left, :4])[0] >= iou_threshold
        groups.append([int(best), *left[matched].tolist()])
        left = left[~matched]
    return groups


def _exclusive(boxes: Tensor, offset: int) -> Tensor:
    return boxes + boxes.new_tensor([0, 0, offset, offset])
