"""Transforms that keep the geometric record ``homography_matrix``, and the packer of all localization pipelines."""

from mmcv.transforms import LoadImageFromFile

from .packing import PackLocalizationInputs
from .resize_crop import ResizeCrop
from .ten_crop import TenCrop

__all__ = ['LoadImageFromFile', 'PackLocalizationInputs', 'ResizeCrop', 'TenCrop']
