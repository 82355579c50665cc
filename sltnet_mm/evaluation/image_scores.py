"""Scores one box, or one score map at many thresholds, against the true boxes of one image, under one protocol."""
from dataclasses import dataclass

import numpy as np
import torch

from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.functional.boxes import clip_boxes, transform_boxes
from sltnet_mm.functional.frames import resize_scale, truncate_boxes
from sltnet_mm.functional.localization import error_kind, pairwise_iou
from sltnet_mm.functional.protocols import PROTOCOLS, Protocol
from sltnet_mm.functional.threshold_boxes import foreground_masks, mask_boxes


@dataclass(frozen=True)
class BoxScore:
    """What one protocol says about one image at one threshold.

    Args:
        box: (4,) float64 xyxy, pixels of the original image.
        iou: The IoU that counts, in [0, 1].
        localized: Right for GT-known.
        localized_top_k: Right for Top-k LOC once the class is right (TS-CAM compares the two differently).
        kind: One of ``sltnet_mm.functional.localization.ERROR_KINDS``.
    """

    box: np.ndarray
    iou: float
    localized: bool
    localized_top_k: bool
    kind: str


class ImageFrame:
    """The way between an image and its network input, and the true boxes as a protocol sees them.

    Args:
        image: The image and its truth.
        matrix: (3, 3) ``homography_matrix``, original to input pixels.
        input_size: (width, height) of the network input.

    Raises:
        ValueError: From ``gt_boxes``: if the protocol is defined for plainly resized images and this one was cropped or flipped, or if a crop
            left nothing of the true boxes.
    """

    def __init__(self, image: EvaluatedImage, matrix: np.ndarray, input_size: tuple[int, int]) -> None:
        self.image, self.input_size = image, input_size
        scale = resize_scale(matrix, image.size, input_size)
        self.is_resize = scale is not None
        self.matrix = np.asarray(matrix, np.float64) if scale is None else np.diag([*scale, 1.])

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Return boxes of the network input in pixels of the original image, clipped to it: (n, 4) float64. Crop, scale and flip are undone."""
        return _clip(_transform(boxes, np.linalg.inv(self.matrix)), self.image.size)

    def to_input(self, boxes: np.ndarray) -> np.ndarray:
        """Return boxes of the original image in pixels of the network input: (n, 4) float64, not clipped."""
        return _transform(boxes, self.matrix)

    def gt_boxes(self, protocol: Protocol) -> np.ndarray:
        """Return the true boxes that count under the protocol, in the protocol's frame."""
        boxes = self.image.gt_boxes
        if protocol.gt_boxes == 'first':
            boxes = boxes[:1]
        elif protocol.gt_boxes == 'class':
            boxes = boxes[self.image.gt_labels == self.image.label]
            if not len(boxes):
                raise ValueError(f'image {self.image.img_id!r} has no true box of its class {self.image.label}, which protocol '
                                 f'{protocol.name} needs; its boxes have the labels {self.image.gt_labels.tolist()}')
        if protocol.frame == 'image':
            return boxes
        if protocol.truncate_gt:
            if not self.is_resize:
                raise ValueError(f'image {self.image.img_id!r}: protocol {protocol.name} is defined for images that are resized, not cropped or '
                                 'flipped: test with sltnet_mm.ResizeCrop(resize=...) alone')
            return truncate_boxes(boxes, self.image.size, self.input_size)
        boxes = _clip(self.to_input(boxes), self.input_size)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]
        if not len(boxes):
            raise ValueError(f'image {self.image.img_id!r}: the crop of the test pipeline leaves nothing of its true boxes')
        return boxes


def score_box(box: np.ndarray, frame: ImageFrame, protocol: Protocol) -> BoxScore:
    """Score one box given in pixels of the original image.

    Example:
        >>> image = EvaluatedImage('a', 0, 0, 2, np.array([[0., 0, 4, 4]]), np.array([0]), (8, 8))
        >>> score_box(np.array([0., 0, 4, 3]), ImageFrame(image, np.eye(3), (8, 8)), PROTOCOLS['sltnet']).iou
        0.75
    """
    ours = np.asarray(box, np.float64).reshape(1, 4)
    return _judge(ours if protocol.frame == 'image' else frame.to_input(ours), ours[0], frame, protocol)


def score_map_at(score_map: np.ndarray, threshold: float, frame: ImageFrame, protocol: Protocol) -> BoxScore:
    """Score the box (or the best of the boxes) that the protocol takes from a score map at one threshold.

    Args:
        score_map: (H, W) in [0, 1], of the network input's size.
        threshold: Share of the map's maximum.
        frame: Of the image.
        protocol: Rules of the cut, the box and the comparison.
    """
    (mask, _), = foreground_masks(score_map, np.array([threshold]), protocol)
    boxes = mask_boxes(mask, protocol)
    in_image = frame.to_image(boxes)
    compared = boxes if protocol.frame == 'map' else in_image
    best = int(pairwise_iou(compared, frame.gt_boxes(protocol), protocol.iou_plus_one).max(1).argmax())
    return _judge(compared[best:best + 1], in_image[best], frame, protocol)


def _judge(box: np.ndarray, in_image: np.ndarray, frame: ImageFrame, protocol: Protocol) -> BoxScore:
    """Compare one (1, 4) box of the protocol's frame with the true boxes."""
    gt_boxes = frame.gt_boxes(protocol)
    iou = float(pairwise_iou(box, gt_boxes, protocol.iou_plus_one).max())
    localized = above(iou, .5, protocol.strict)
    localized_top_k = above(iou, .5, protocol.strict_top_k)
    kind = error_kind(box[0], gt_boxes, localized_top_k, frame.image.rank in (0, None))
    return BoxScore(in_image, iou, localized, localized_top_k, kind)


def above(iou: float, level: float, strict: bool) -> bool:
    """Return whether an IoU is above a level, or reaches it where the comparison is not strict.

    Example:
        >>> above(.5, .5, strict=True), above(.5, .5, strict=False)
        (False, True)
    """
    return iou > level if strict else iou >= level


def _transform(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return transform_boxes(torch.from_numpy(np.asarray(boxes, np.float64).reshape(-1, 4)), torch.from_numpy(matrix)).numpy()


def _clip(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return clip_boxes(torch.from_numpy(boxes), size[::-1]).numpy()
