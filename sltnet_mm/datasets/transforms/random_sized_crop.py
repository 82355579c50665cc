"""Crops of random size and shape that move the box with the image: PSOL's training view."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from sltnet_mm.datasets.transforms.resize_crop import Size, size_pair
from sltnet_mm.registry import TRANSFORMS
from sltnet_mm.structures.frames import move_boxes, record_homography, transform_box_array


@TRANSFORMS.register_module()
class RandomSizedCrop(BaseTransform):
    """Crop a part of random area and proportions, resize it, flip it, and record the mapping of the coordinates.

    The counterpart of torchvision's ``RandomResizedCrop`` for boxes, as in PSOL. A crop that shows nothing of the box
    is drawn again; after ``tries`` crops, the whole image is taken. Boxes are clipped to the crop. Random numbers come
    from numpy's global generator.

    A call reads and changes what :class:`ResizeCrop` does.

    Args:
        size: Size of the result, as an int (both sides) or (height, width).
        scale: Range of the crop's share of the image's area, in (0, 1].
        ratio: Range of the crop's width over height, drawn uniformly in its logarithm.
        flip_prob: Probability of a horizontal flip, in [0, 1].
        tries: Number of crops that are drawn at most.

    Raises:
        TypeError: If ``size`` is neither an int nor a pair of ints.
        ValueError: If a range or number is invalid; in a call, if the image was flipped before.

    Example:
        >>> np.random.seed(0)
        >>> results = dict(img=np.zeros((60, 80, 3), np.uint8), gt_bboxes=np.array([[20., 20., 50., 50.]]))
        >>> out = RandomSizedCrop(32)(results)
        >>> out['img'].shape, len(out['gt_bboxes'])
        ((32, 32, 3), 1)
    """

    def __init__(
        self,
        size: Size,
        scale: Sequence[float] = (0.2, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        flip_prob: float = 0.5,
        tries: int = 30,
    ) -> None:
        self.size = size_pair('RandomSizedCrop: size', size)
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f'RandomSizedCrop: scale must be a range in (0, 1], got {tuple(scale)}')
        if len(ratio) != 2 or not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f'RandomSizedCrop: ratio must be a range of positive numbers, got {tuple(ratio)}')
        if not 0 <= flip_prob <= 1 or tries < 1:
            raise ValueError(
                f'RandomSizedCrop: flip_prob must be in [0, 1] and tries at least 1, got {flip_prob} and {tries}'
            )
        self.scale, self.ratio, self.flip_prob, self.tries = tuple(scale), tuple(ratio), flip_prob, tries

    @cache_randomness
    def _draw(self, height: int, width: int, boxes: np.ndarray) -> tuple[int, int, int, int]:
        """Left, top, width and height of a crop that shows a part of a box, if there is one."""
        for _ in range(self.tries):
            area = height * width * np.random.uniform(self.scale[0], self.scale[1])
            shape = math.exp(np.random.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if not (0 < w <= width and 0 < h <= height):
                continue
            left, top = np.random.randint(0, width - w + 1), np.random.randint(0, height - h + 1)
            x1, y1, x2, y2 = boxes.reshape(-1, 4).T
            shown = (np.minimum(x2, left + w) > np.maximum(x1, left)) & (np.minimum(y2, top + h) > np.maximum(y1, top))
            if shown.any() or not len(boxes):
                return int(left), int(top), w, h
        return 0, 0, width, height

    @cache_randomness
    def _draw_flip(self) -> bool:
        return bool(np.random.rand() < self.flip_prob)

    def transform(self, results: dict) -> dict:
        """Crop, resize and flip the image of one sample's results."""
        if results.get('flip'):
            raise ValueError('RandomSizedCrop: the image was flipped before. Remove the earlier flip')
        img = results['img']
        boxes = results.get('gt_bboxes')
        corners = np.zeros((0, 4)) if boxes is None else np.asarray(getattr(boxes, 'tensor', boxes), np.float64)
        left, top, width, height = self._draw(*img.shape[:2], transform_box_array(corners, np.eye(3)))
        new_h, new_w = self.size
        img = mmcv.imresize(img[top : top + height, left : left + width], (new_w, new_h), backend='cv2')
        step = np.diag([new_w / width, new_h / height, 1.0]) @ np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
        flip = self._draw_flip()
        if flip:
            img = mmcv.imflip(img, 'horizontal')
            step = np.array([[-1.0, 0, new_w], [0, 1, 0], [0, 0, 1]]) @ step
        results['img'] = np.ascontiguousarray(img)
        results['img_shape'] = img.shape[:2]
        results['scale_factor'] = (new_w / width, new_h / height)
        results['flip'] = flip
        results['flip_direction'] = 'horizontal' if flip else None
        record_homography(results, step)
        move_boxes(results, step)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, scale={self.scale}, ratio={self.ratio}, '
            f'flip_prob={self.flip_prob}, tries={self.tries})'
        )
