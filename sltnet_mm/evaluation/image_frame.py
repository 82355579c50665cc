"""The way between an original image and its network input, and the true boxes as a protocol sees them."""

from __future__ import annotations

import numpy as np
import torch

from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.evaluation.reference_frames import resize_scale, truncate_boxes
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.functional.boxes import clip_boxes, transform_boxes


class ImageFrame:
    """Moves boxes between the two frames of one image.

    Args:
        image: The image and its truth.
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
        # of a plain resize, the exact factors instead of float32's
        self.matrix = np.asarray(matrix, np.float64) if scale is None else np.diag([*scale, 1.0])

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) of the network input in pixels of the original image, clipped to it, float64.

        Crop, scale and flip are undone.
        """
        return _clip(_transform(boxes, np.linalg.inv(self.matrix)), self.image.size)

    def to_input(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) of the original image in pixels of the network input, not clipped, float64."""
        return _transform(boxes, self.matrix)

    def gt_boxes(self, protocol: Protocol) -> np.ndarray:
        """The true boxes (n, 4) that count under the protocol, in the protocol's frame.

        Raises:
            ValueError: If the protocol is defined for plainly resized images and this one was cropped or flipped, if no
                box is of the image's class and the protocol asks for that, or if a crop left nothing of the boxes.
        """
        name, boxes = self.image.img_id, self.image.gt_boxes
        if protocol.gt_boxes == 'first':
            boxes = boxes[:1]
        elif protocol.gt_boxes == 'class':
            boxes = boxes[self.image.gt_labels == self.image.label]
            if not len(boxes):
                raise ValueError(
                    f'image {name!r} has no true box of its class {self.image.label}, which protocol {protocol.name} '
                    f'needs; its boxes have the labels {self.image.gt_labels.tolist()}'
                )
        if protocol.frame == 'image':
            return boxes
        if protocol.truncate_gt:
            if not self.is_resize:
                raise ValueError(
                    f'image {name!r}: protocol {protocol.name} is defined for images that are resized, not cropped or '
                    'flipped: test with sltnet_mm.ResizeCrop(resize=...) alone'
                )
            return truncate_boxes(boxes, self.image.size, self.input_size)
        boxes = _clip(self.to_input(boxes), self.input_size)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(1)]
        if not len(boxes):
            raise ValueError(f'image {name!r}: the crop of the test pipeline leaves nothing of its true boxes')
        return boxes


def _transform(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    return transform_boxes(torch.from_numpy(boxes), torch.from_numpy(matrix)).numpy()


def _clip(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return clip_boxes(torch.from_numpy(boxes), size[::-1]).numpy()
