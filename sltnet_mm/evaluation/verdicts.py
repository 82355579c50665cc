"""Compare a box, or a score map at one or many thresholds, with the ground truth of one image, under one protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sltnet_mm.evaluation.accuracy import error_kinds, pairwise_iou
from sltnet_mm.evaluation.image_frame import ImageFrame
from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.evaluation.threshold_boxes import foreground_masks, mask_boxes, quantize_map
from sltnet_mm.evaluation.threshold_ious import (
    can_be_compiled,
    expand_levels,
    quantized_boxes,
    quantized_ious,
)

MAIN_IOU = 0.5
"""The IoU at which a box is right, for GT-known and Top-k LOC, in every protocol."""


@dataclass(frozen=True)
class BoxVerdict:
    """The result of one image under a protocol at one threshold.

    Args:
        iou: The IoU that counts, in [0, 1].
        localized: Whether the box is right for GT-known.
        localized_top_k: Whether the box is right for Top-k LOC if the class is right (TS-CAM compares differently for
            the two).
        kind: Index into ``sltnet_mm.evaluation.accuracy.ERROR_KINDS``.
    """

    iou: float
    localized: bool
    localized_top_k: bool
    kind: int


@dataclass(frozen=True)
class CurveVerdict:
    """The result of one image under a protocol at all thresholds, about 1.6 kB.

    Args:
        ious: (L,) float32, the IoU that counts, at each gray level of the quantized map or at each threshold.
        hits: (n, L / 8) uint8, one bit each: whether the box is right at the protocol's n IoU levels (decided in
            float64).
        kinds: (L,) uint8, indices into ``ERROR_KINDS``; None if all contours count.
        highest: Maximum of the quantized map, which converts thresholds to gray levels; None if L are the thresholds.
    """

    ious: np.ndarray
    hits: np.ndarray
    kinds: np.ndarray | None
    highest: int | None

    def entries(self, thresholds: np.ndarray) -> np.ndarray:
        """The index among the L entries for each threshold (T,) of the protocol's grid."""
        if self.highest is None:
            return np.arange(len(self.ious))
        return expand_levels(np.arange(len(self.ious)), self.highest, thresholds)

    def hits_at(self, entries: np.ndarray) -> np.ndarray:
        """Whether the image is right, (n, T) of 0 and 1, at the protocol's n IoU levels and these entries (T,)."""
        return np.unpackbits(self.hits, axis=1, count=len(self.ious))[:, entries]


def judge_box(box: np.ndarray, frame: ImageFrame, protocol: Protocol) -> BoxVerdict:
    """Judge one box (4,), given in pixels of the original image."""
    box = np.asarray(box, np.float64).reshape(1, 4)
    return _judge(box if protocol.frame == 'image' else frame.to_input(box), frame, protocol)


def judge_map_at(score_map: np.ndarray, threshold: float, frame: ImageFrame, protocol: Protocol) -> BoxVerdict:
    """Judge the box (or the best box) that the protocol derives from a score map at one threshold.

    Args:
        score_map: (H, W) in [0, 1], of the network input's size.
        threshold: Fraction of the map's maximum.
        frame: Frame of the image.
        protocol: Rules for the foreground, the box and the comparison.
    """
    ((mask, _),) = foreground_masks(score_map, np.array([threshold]), protocol)
    boxes = mask_boxes(mask, protocol)
    if protocol.frame == 'image':
        boxes = frame.to_image(boxes)
    best = int(pairwise_iou(boxes, frame.gt_boxes(protocol), protocol.iou_plus_one).max(1).argmax())
    return _judge(boxes[best : best + 1], frame, protocol)


def judge_map(score_map: np.ndarray, frame: ImageFrame, protocol: Protocol) -> CurveVerdict:
    """Judge a score map at all thresholds of the protocol's grid.

    Args:
        score_map: (H, W) in [0, 1], of the network input's size.
        frame: Frame of the image.
        protocol: Rules for the foreground, the boxes and the comparison.
    """
    gt_boxes, boxes, highest = frame.gt_boxes(protocol), None, None
    if can_be_compiled(protocol):
        image = quantize_map(score_map)
        highest = int(image.max())
        if protocol.contours == 'all' and protocol.frame == 'map':
            ious = quantized_ious(image, gt_boxes, protocol)
        elif protocol.contours == 'largest':
            boxes = quantized_boxes(image, protocol)
    if boxes is None and (highest is None or protocol.frame == 'image'):
        ious, boxes, highest = *_plain_curve(score_map, gt_boxes, frame, protocol), None
    elif boxes is not None:
        boxes = frame.to_image(boxes) if protocol.frame == 'image' else boxes
        ious = pairwise_iou(boxes, gt_boxes, protocol.iou_plus_one).max(1)
    kinds = None
    if boxes is not None:
        kinds = error_kinds(
            boxes, gt_boxes, above(ious, MAIN_IOU, protocol.strict_top_k), frame.image.rank in (0, None)
        )
    hits = np.stack([above(ious, level / 100, protocol.strict) for level in protocol.iou_levels])
    return CurveVerdict(ious.astype(np.float32), np.packbits(hits, axis=1), kinds, highest)


def _plain_curve(
    score_map: np.ndarray, gt_boxes: np.ndarray, frame: ImageFrame, protocol: Protocol
) -> tuple[np.ndarray, np.ndarray | None]:
    """IoU (T,), and the boxes (T, 4) if one box per threshold counts, from one mask per distinct threshold."""
    thresholds = protocol.thresholds
    ious, boxes = np.empty(len(thresholds)), np.empty((len(thresholds), 4))
    for mask, index in foreground_masks(score_map, thresholds, protocol):
        of_mask = mask_boxes(mask, protocol)
        if protocol.frame == 'image':
            of_mask = frame.to_image(of_mask)
        ious[index] = pairwise_iou(of_mask, gt_boxes, protocol.iou_plus_one).max()
        boxes[index] = of_mask[0]
    return ious, None if protocol.contours == 'all' else boxes


def _judge(box: np.ndarray, frame: ImageFrame, protocol: Protocol) -> BoxVerdict:
    """Compare one (1, 4) box in the protocol's frame with the ground-truth boxes."""
    gt_boxes = frame.gt_boxes(protocol)
    iou = pairwise_iou(box, gt_boxes, protocol.iou_plus_one).max(keepdims=True)[0]
    localized, localized_top_k = (above(iou, MAIN_IOU, strict) for strict in (protocol.strict, protocol.strict_top_k))
    kind = error_kinds(box, gt_boxes, localized_top_k, frame.image.rank in (0, None))
    return BoxVerdict(float(iou[0]), bool(localized[0]), bool(localized_top_k[0]), int(kind[0]))


def above(ious: np.ndarray, level: float, strict: bool) -> np.ndarray:
    """Whether IoUs are above a level, or at least equal to it if the comparison is not strict.

    Example:
        >>> above(np.array([0.5]), 0.5, strict=True), above(np.array([0.5]), 0.5, strict=False)
        (array([False]), array([ True]))
    """
    return ious > level if strict else ious >= level
