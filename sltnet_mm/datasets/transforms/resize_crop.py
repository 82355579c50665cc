"""Resize, crop and flip in one transform that records what it did to the coordinates."""

from __future__ import annotations

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from sltnet_mm.datasets.transforms.frames import move_boxes, record_homography
from sltnet_mm.registry import TRANSFORMS

Size = int | tuple[int, int] | list[int]


@TRANSFORMS.register_module()
class ResizeCrop(BaseTransform):
    """Resize both sides to a fixed size, crop, flip, and write down the mapping of the coordinates.

    The paper's training view is ``ResizeCrop(256, 224, 'random', flip_prob=.5)`` (VGG16; 320 and 299 for InceptionV3),
    its localization test view ``ResizeCrop(224)``. The aspect ratio is not kept. Interpolation is OpenCV's bilinear
    one.

    Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, an image of width ``w`` covers ``[0, w]``. A step
    that takes ``p`` to ``A p`` multiplies the recorded matrix from the left, so ``homography_matrix`` always maps
    **original** pixels to pixels of the image as it now is, also behind mmdet's ``Resize``, ``RandomCrop`` and
    ``RandomFlip``.

    Random numbers come from numpy's global generator, as in mmcv, so mmengine's worker seeds govern them.

    Args:
        resize: Both sides' new size: one int, or (height, width).
        crop: Size of the crop, one int or (height, width), at most ``resize``; None: no crop. Defaults to None.
        mode: 'random' or 'center' where ``crop`` is given; None where it is not. The center offset is rounded to
            nearest, halves to even. Defaults to None.
        flip_prob: Probability of a horizontal flip, in [0, 1]. Defaults to 0.

    Raises:
        TypeError: A size is neither an int nor a pair of ints.
        ValueError: A size below 1, a crop larger than ``resize``, ``mode`` and ``crop`` of which only one is given, a
            probability outside [0, 1].

    Reads ``img``; changes ``img``, ``img_shape``, ``scale_factor`` (w, h; resize only, wrong after a crop), ``flip``,
    ``flip_direction``, ``homography_matrix`` (3x3 float32), and ``gt_bboxes`` with their labels and flags where they
    exist.

    Example:
        >>> import numpy as np
        >>> results = dict(img=np.zeros((100, 200, 3), np.uint8), img_shape=(100, 200), ori_shape=(100, 200))
        >>> out = ResizeCrop(resize=64, crop=48, mode='center')(results)
        >>> out['img'].shape
        (48, 48, 3)
        >>> out['homography_matrix'] @ np.array([0, 0, 1])  # 8 of the 64 pixels were cut off at each side
        array([-8., -8.,  1.])
    """

    def __init__(self, resize: Size, crop: Size | None = None, mode: str | None = None, flip_prob: float = 0.0) -> None:
        self.resize = size_pair('ResizeCrop: resize', resize)
        self.crop = None if crop is None else size_pair('ResizeCrop: crop', crop)
        if mode not in ('random', 'center', None):
            raise ValueError(f"ResizeCrop: mode must be 'random', 'center' or None, got {mode!r}")
        if (self.crop is None) != (mode is None):
            raise ValueError(
                f'ResizeCrop: crop and mode go together, got crop={crop!r}, mode={mode!r}. Give both for a crop '
                "(crop=224, mode='random') or neither"
            )
        if self.crop is not None and (self.crop[0] > self.resize[0] or self.crop[1] > self.resize[1]):
            raise ValueError(
                f'ResizeCrop: crop (height, width) {self.crop} is larger than resize {self.resize}; make resize at '
                'least as large as crop'
            )
        if not 0.0 <= flip_prob <= 1.0:
            raise ValueError(f'ResizeCrop: flip_prob must be a probability in [0, 1], got {flip_prob!r}')
        self.mode = mode
        self.flip_prob = flip_prob

    @cache_randomness
    def _draw_offset(self) -> tuple[int, int]:
        """Top and left of the crop in the resized image."""
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
        """Apply the transform to one sample's results and return them (see the class)."""
        if results.get('flip') and self.flip_prob > 0:
            raise ValueError(
                'ResizeCrop: the image was already flipped by an earlier transform; flip in one place only '
                '(flip_prob=0 here, or no RandomFlip before)'
            )
        for key in ('gt_masks', 'gt_seg_map', 'gt_keypoints'):
            if key in results:
                raise ValueError(
                    f'ResizeCrop: the results hold {key!r}, which this transform cannot move; load labels and boxes '
                    "only, or use mmdet's Resize, RandomCrop and RandomFlip"
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
    """The (height, width) of an int or a pair; TypeError or ValueError that begins with ``name`` for anything else."""
    pair = (value, value) if isinstance(value, int) else value
    if (
        isinstance(value, bool)
        or not isinstance(pair, (tuple, list))
        or len(pair) != 2
        or not all(isinstance(v, int) for v in pair)
    ):
        raise TypeError(f'{name} must be an int or (height, width), got {value!r}')
    if min(pair) < 1:
        raise ValueError(f'{name} must be at least 1 pixel a side, got {value!r}')
    return int(pair[0]), int(pair[1])
