"""The two frames of an evaluated image, original and network input, and its ground-truth boxes under a protocol."""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.structures.frames import transform_box_array

RESIZE_TOLERANCE = 1e-4
"""Tolerance, relative and in pixels, within which a float32 homography counts as a plain resize. Its rounding error is
about 1e-7 of the values; a crop or shift is at least a pixel."""


class ImageFrame:
    """Moves boxes between the two frames of one image.

    Args:
        image: The image and its ground truth.
        matrix: (3, 3) ``homography_matrix``, original to input pixels.
        input_size: (width, height) of the network input.

    Example:
        >>> image = EvaluatedImage('a', 0, 0, 0, np.array([[0.0, 0, 4, 4]]), np.array([0]), (8, 8))
        >>> frame = ImageFrame(image, np.diag([2.0, 2, 1]), (16, 16))
        >>> frame.to_image(np.array([[4, 4, 8, 20]])).tolist()
        [[2.0, 2.0, 4.0, 8.0]]
    """

    def __init__(self, image: EvaluatedImage, matrix: np.ndarray, input_size: tuple[int, int]) -> None:
        self.image, self.input_size = image, input_size
        scale = resize_scale(matrix, image.size, input_size)
        self.is_resize = scale is not None
        # For a plain resize, use the exact factors instead of the float32 ones.
        self.matrix = np.asarray(matrix, np.float64) if scale is None else np.diag([*scale, 1.0])
        self._inverse = np.linalg.inv(self.matrix)
        self._gt_boxes: dict[Protocol, np.ndarray] = {}

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) moved from the network input to the original image and clipped to it, float64.

        Crop, scale and flip are undone.
        """
        return _clip(transform_box_array(boxes, self._inverse), self.image.size)

    def to_input(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) moved from the original image to the network input, not clipped, float64."""
        return transform_box_array(boxes, self.matrix)

    def gt_boxes(self, protocol: Protocol) -> np.ndarray:
        """The ground-truth boxes (n, 4) that count under the protocol, in its frame; computed once per protocol.

        Raises:
            ValueError: If the protocol requires images that are only resized and this one was cropped or flipped, if it
                requires a box of the image's class and there is none, or if the crop contains no part of the boxes.
        """
        if protocol not in self._gt_boxes:
            self._gt_boxes[protocol] = self._make_gt_boxes(protocol)
        return self._gt_boxes[protocol]

    def _make_gt_boxes(self, protocol: Protocol) -> np.ndarray:
        name, boxes = self.image.img_id, self.image.gt_boxes
        if protocol.gt_boxes == 'first':
            boxes = boxes[:1]
        elif protocol.gt_boxes == 'class':
            boxes = boxes[self.image.gt_labels == self.image.label]
            if not len(boxes):
                raise ValueError(
                    f'image {name!r} has no ground-truth box of its class {self.image.label}, but protocol '
                    f'{protocol.name} needs one; its boxes have the labels {self.image.gt_labels.tolist()}'
                )
        if protocol.frame == 'image':
            return boxes
        if protocol.truncate_gt:
            if not self.is_resize:
                raise ValueError(
                    f'image {name!r}: protocol {protocol.name} is for images that are resized, not cropped or '
                    'flipped: test with sltnet_mm.ResizeCrop(resize=...) alone'
                )
            return truncate_boxes(boxes, self.image.size, self.input_size)
        boxes = _clip(self.to_input(boxes), self.input_size)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]
        if not len(boxes):
            raise ValueError(
                f'image {name!r}: the crop of the test pipeline contains no part of its ground-truth boxes; use a '
                'larger crop'
            )
        return boxes


def resize_scale(matrix: np.ndarray, ori_size: tuple[int, int], input_size: tuple[int, int]) -> np.ndarray | None:
    """The factors (w', h') / (w, h) if the homography only resizes the image to the input, else None.

    Args:
        matrix: (3, 3), original to input pixels.
        ori_size: (w, h) of the original image.
        input_size: (w', h') of the network input.

    Returns:
        (2,) float64, or None.

    Example:
        >>> resize_scale(np.diag([.5, .25, 1]), (100, 100), (50, 25))
        array([0.5 , 0.25])
        >>> resize_scale(np.array([[1., 0, -3], [0, 1, 0], [0, 0, 1]]), (9, 9), (6, 9)) is None
        True
    """
    scale = np.array(input_size, np.float64) / ori_size
    plain = np.diag([*scale, 1.0])
    return scale if np.allclose(matrix, plain, rtol=RESIZE_TOLERANCE, atol=RESIZE_TOLERANCE) else None


def truncate_boxes(boxes: np.ndarray, ori_size: tuple[int, int], input_size: tuple[int, int]) -> np.ndarray:
    """Boxes scaled to the input and rounded toward zero: ``int(x * w' / w)``, in wsolevaluation's order.

    Args:
        boxes: (n, 4) xyxy in original pixels.
        ori_size: (w, h) of the original image.
        input_size: (w', h') of the input.

    Returns:
        (n, 4) int64 xyxy in input pixels.

    Example:
        >>> truncate_boxes(np.array([[60, 27, 385, 331]]), (500, 335), (224, 224)).tolist()
        [[26, 18, 172, 221]]
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    # Multiply first: (x * w') / w, as in wsolevaluation; x * (w' / w) rounds differently.
    return (boxes * np.tile(input_size, 2).astype(np.float64) / np.tile(ori_size, 2).astype(np.float64)).astype(
        np.int64
    )


def _clip(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.clip(boxes, 0, np.tile(size, 2).astype(np.float64))
