"""Data sets for weakly supervised localization: labels for training, labels and boxes for validation and test."""

from __future__ import annotations

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.cub import CUBLocalization
from sltnet_mm.datasets.ilsvrc import ILSVRCLocalization
from sltnet_mm.datasets.image_files import BadImageError
from sltnet_mm.datasets.localization_csv import LocalizationCSV
from sltnet_mm.datasets.localization_list import LocalizationList
from sltnet_mm.datasets.pseudo_box_dataset import PseudoBoxDataset
from sltnet_mm.datasets.same_class_pairs import SameClassPairs
from sltnet_mm.datasets.synthetic import SyntheticLocalization
from sltnet_mm.datasets.transforms import HidePatches, PackLocalizationInputs, RandomSizedCrop, ResizeCrop, TenCrop

__all__ = [
    'BadImageError',
    'CUBLocalization',
    'HidePatches',
    'ILSVRCLocalization',
    'LocalizationCSV',
    'LocalizationDataset',
    'LocalizationList',
    'PackLocalizationInputs',
    'PseudoBoxDataset',
    'RandomSizedCrop',
    'ResizeCrop',
    'SameClassPairs',
    'SyntheticLocalization',
    'TenCrop',
]
