"""Resize, crop and flip in one transform that records the mapping of the coordinates."""

from __future__ import annotations

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from sltnet_mm.registry import TRANSFORMS
from sltnet_mm.structures.frames import move_boxes, record_homography

Size = int | tuple[int, int] | list[int]


@TRANSFORMS.register_module()
class ResizeCrop(BaseTransform):
    """Resize an image to a fixed size, crop and flip it, and record the mapping of the coordinates.

    The paper trains on ``ResizeCrop(256, 224, 'random', flip_prob=0.5)`` (VGG16; 320 and 299 for InceptionV3) and tests
    localization on ``ResizeCrop(224)``. The aspect ratio is not kept. Interpolation is OpenCV's bilinear one.

    Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, an image of width ``w`` covers ``[0, w]``. A step
    that maps ``p`` to ``A p`` multiplies the recorded matrix from the left, so ``homography_matrix`` always maps
    **original** pixels to pixels of the current image, also after mmdet's ``Resize``, ``RandomCrop`` and
    ``RandomFlip``.

    Random numbers come from numpy's global generator, as in mmcv, so mmengine's worker seeds determine them.

    A call reads ``img`` and changes ``img``, ``img_shape``, ``scale_factor`` (w, h; of the resize only, wrong after a
    crop), ``flip``, ``flip_direction``, ``homography_matrix`` (3 x 3 float32) and, if present, ``gt_bboxes`` with their
    labels and flags.

    Args:
        resize: Size after resizing, as an int (both sides) or (height, width).
        crop: Size of the crop, as an int or (height, width), at most ``resize``. None: no crop. Defaults to None.
        mode: Position of the crop, 'random' or 'center'; None without a crop. The offset of a center crop is rounded to
            the nearest pixel, halves to even. Defaults to None.
        flip_prob: Probability of a horizontal flip, in [0, 1]. Defaults to 0.

    Raises:
        TypeError: If a size is neither an int nor a pair of ints.
        ValueError: If a size is below 1, ``crop`` is larger than ``resize``, only one of ``crop`` and ``mode`` is
            given, or ``flip_prob`` is outside [0, 1]; in a call, if the image was flipped before, or the results
            contain masks, a segmentation map or keypoints.

    Example:
        >>> import numpy as np
        >>> results = dict(img=np.zeros((100, 200, 3), np.uint8), img_shape=(100, 200), ori_shape=(100, 200))
        >>> out = ResizeCrop(resize=64, crop=48, mode='center')(results)
        >>> out['img'].shape
        (48, 48, 3)
        >>> out['homography_matrix'] @ np.array([0, 0, 1])  # 8 of the 64 pixels were cut off on each side
        array([-8., -8.,  1.])
    """

    def __init__(self, resize: Size, crop: Size | None = None, mode: str | None = None, flip_prob: float = 0.0) -> None:
        self.resize = size_pair('ResizeCrop: resize', resize)
        self.crop = None if crop is None else size_pair('ResizeCrop: crop', crop)
        if mode not in ('random', 'center', None):
            raise ValueError(f"ResizeCrop: mode must be 'random', 'center' or None, got {mode!r}")
        if (self.crop is None) != (mode is None):
            raise ValueError(
                f"ResizeCrop: set both crop and mode, as in crop=224, mode='random', or neither, got crop={crop!r}, "
                f'mode={mode!r}'
            )
        if self.crop is not None and (self.crop[0] > self.resize[0] or self.crop[1] > self.resize[1]):
            raise ValueError(
                f'ResizeCrop: crop must be at most resize, got crop (height, width) {self.crop} and resize '
                f'{self.resize}'
            )
        if not 0.0 <= flip_prob <= 1.0:
            raise ValueError(f'ResizeCrop: flip_prob must be a probability in [0, 1], got {flip_prob!r}')
        self.mode = mode
        self.flip_prob = flip_prob

    @cache_randomness
    def _draw_offset(self) -> tuple[int, int]:
        """The offset (top, left) of the crop in the resized image."""
        if self.crop is None:
            return 0, 0
        room = (self.resize[0] - self.crop[0], self.resize[1] - self.crop[1])
        if self.mode == 'center':
            return round(room[0] / 2), round(room[1] / 2)
        return int(np.random.randint(0, room[0] + 1)), int(np.random.randint(0, room[1] + 1))

    @cache_randomness
    def _draw_flip(self) -> bool:
        return bool(np.random.rand() < self.flip_prob)

    def transform(self, results: dict) -> dict:
        """Resize, crop and flip the image of one sample's results (see the class)."""
        if results.get('flip') and self.flip_prob > 0:
            raise ValueError(
                'ResizeCrop: flip_prob must be 0 after a transform that flipped the image. Set flip_prob=0, or remove '
                'the earlier RandomFlip'
            )
        for key in ('gt_masks', 'gt_seg_map', 'gt_keypoints'):
            if key in results:
                raise ValueError(
                    f'ResizeCrop: the results contain {key!r}, which this transform cannot transform. Load labels and '
                    "boxes only, or use mmdet's Resize, RandomCrop and RandomFlip"
                )
        img = results['img']
        height, width = img.shape[:2]
        new_h, new_w = self.resize
        img = mmcv.imresize(img, (new_w, new_h), interpolation='bilinear', backend='cv2')
        step = np.diag([new_w / width, new_h / height, 1.0])
        if self.crop is not None:
            top, left = self._draw_offset()
            img = img[top : top + self.crop[0], left : left + self.crop[1]]
            step = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]]) @ step
        flip = self.flip_prob > 0 and self._draw_flip()
        if flip:
            img = mmcv.imflip(img, 'horizontal')
            step = np.array([[-1.0, 0.0, img.shape[1]], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ step

        results['img'] = np.ascontiguousarray(img)
        results['img_shape'] = img.shape[:2]
        before = results.get('scale_factor', (1.0, 1.0))
        results['scale_factor'] = (before[0] * new_w / width, before[1] * new_h / height)
        results['flip'] = flip or bool(results.get('flip', False))
        results['flip_direction'] = 'horizontal' if flip else results.get('flip_direction')
        record_homography(results, step)
        move_boxes(results, step)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(resize={self.resize}, crop={self.crop}, mode={self.mode!r}, '
            f'flip_prob={self.flip_prob})'
        )


def size_pair(name: str, value: Size) -> tuple[int, int]:
    """The (height, width) given by an int or a pair; for other values an error that begins with ``name``."""
    pair = (value, value) if isinstance(value, int) else value
    if (
        isinstance(value, bool)
        or not isinstance(pair, (tuple, list))
        or len(pair) != 2
        or not all(isinstance(v, int) for v in pair)
    ):
        raise TypeError(f'{name} must be an int or (height, width), got {value!r}')
    if min(pair) < 1:
        raise ValueError(f'{name} must be at least 1 pixel per side, got {value!r}')
    return int(pair[0]), int(pair[1])
