"""The ten crops that the classifier sees at test, beside the single view of the localization."""

from __future__ import annotations

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from sltnet_mm.datasets.transforms.resize_crop import Size, size_pair
from sltnet_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class TenCrop(BaseTransform):
    """Leave ten crops of the image in ``crops`` and the image itself as it is (Sec. 4.1: the classifier's test view).

    The loaded image is resized (both sides to ``resize``, bilinear); then come the crops at the four corners (top left,
    top right, bottom left, bottom right) and the center, and the same five of the mirrored image, in this
    order, which is torchvision's. The transform stands behind the loader and before ``ResizeCrop``, which makes the
    single view for the box. ``PackLocalizationInputs`` puts the crops onto the sample as ``crops``.

    Args:
        resize: Both sides' size before cropping: one int, or (height, width). Defaults to 256.
        crop: Size of the crops, one int or (height, width), at most ``resize``. Defaults to 224.

    Raises:
        TypeError: A size is neither an int nor a pair of ints.
        ValueError: A size below 1 or a crop larger than ``resize``; when called, an image that an earlier transform has
            already resized, cropped or flipped.

    Adds ``crops``: 10 x C x h x w, the dtype of ``img`` (uint8).

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
            raise ValueError(f'TenCrop: crop (height, width) {self.crop} is larger than resize {self.resize}')

    def transform(self, results: dict) -> dict:
        """Add the crops to one sample's results (see the class)."""
        if 'homography_matrix' in results:
            raise ValueError(
                'TenCrop: the image was already resized, cropped or flipped; put TenCrop directly behind the loader, '
                'before ResizeCrop'
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
