"""The ten crops that the classifier sees at test, in addition to the single view for localization."""

from __future__ import annotations

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from sltnet_mm.datasets.transforms.resize_crop import Size, size_pair
from sltnet_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TenCrop(BaseTransform):
    """Add ten crops of the image to the results as ``crops`` (Sec. 4.1: the classifier's test view).

    The image is resized (bilinear), then cropped at the four corners (top left, top right, bottom left, bottom right)
    and the center; the same five crops of the mirrored image follow. This is torchvision's order. ``img`` itself stays
    unchanged: put this transform after the loader and before ``ResizeCrop``, which makes the single view for the box.
    ``crops`` is 10 x C x h x w, with the dtype of ``img`` (uint8); ``PackLocalizationInputs`` adds it to the sample.

    Args:
        resize: Size before cropping, as an int (both sides) or (height, width). Defaults to 256.
        crop: Size of the crops, as an int or (height, width), at most ``resize``. Defaults to 224.

    Raises:
        TypeError: If a size is neither an int nor a pair of ints.
        ValueError: If a size is below 1 or ``crop`` is larger than ``resize``; in a call, if an earlier transform
            resized, cropped or flipped the image.

    Example:
        >>> import numpy as np
        >>> results = TenCrop(resize=40, crop=32)(dict(img=np.zeros((50, 60, 3), np.uint8)))
        >>> results['crops'].shape, results['img'].shape
        ((10, 3, 32, 32), (50, 60, 3))
    """

    def __init__(self, resize: Size = 256, crop: Size = 224) -> None:
        self.resize = size_pair('TenCrop: resize', resize)
        self.crop = size_pair('TenCrop: crop', crop)
        if self.crop[0] > self.resize[0] or self.crop[1] > self.resize[1]:
            raise ValueError(
                f'TenCrop: crop must be at most resize, got crop (height, width) {self.crop} and resize {self.resize}'
            )

    def transform(self, results: dict) -> dict:
        """Add the crops to the results of one sample (see the class)."""
        if 'homography_matrix' in results:
            raise ValueError(
                'TenCrop: the image must not be resized, cropped or flipped before. Put TenCrop directly after the '
                'loader, before ResizeCrop'
            )
        image = results['img'] if results['img'].ndim == 3 else results['img'][..., None]
        channels = image.shape[2]
        (height, width), (crop_h, crop_w) = self.resize, self.crop
        image = mmcv.imresize(image, (width, height), interpolation='bilinear', backend='cv2')
        image = image.reshape(height, width, channels)  # OpenCV drops a single channel
        bottom, right = height - crop_h, width - crop_w
        corners = ((0, 0), (0, right), (bottom, 0), (bottom, right), (round(bottom / 2), round(right / 2)))
        views = (image, image[:, ::-1])
        ten = np.stack([v[top : top + crop_h, left : left + crop_w] for v in views for top, left in corners])
        results['crops'] = np.ascontiguousarray(ten.transpose(0, 3, 1, 2))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(resize={self.resize}, crop={self.crop})'
