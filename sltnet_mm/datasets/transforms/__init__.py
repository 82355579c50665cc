"""Transforms that keep the matrix ``homography_matrix`` up to date, and the packer of localization pipelines."""

from __future__ import annotations

from mmcv.transforms import LoadImageFromFile

from sltnet_mm.datasets.transforms.hide_patches import HidePatches
from sltnet_mm.datasets.transforms.packing import PackLocalizationInputs
from sltnet_mm.datasets.transforms.random_sized_crop import RandomSizedCrop
from sltnet_mm.datasets.transforms.resize_crop import ResizeCrop
from sltnet_mm.datasets.transforms.ten_crop import TenCrop

__all__ = ['HidePatches', 'LoadImageFromFile', 'PackLocalizationInputs', 'RandomSizedCrop', 'ResizeCrop', 'TenCrop']
