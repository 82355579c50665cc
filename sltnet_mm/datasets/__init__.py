"""Data sets for weakly supervised localization: labels for training, labels and boxes for validation and test."""

from .base import LocalizationDataset
from .cub import CUBLocalization
from .ilsvrc import ILSVRCLocalization
from .image_files import BadImageError
from .localization_csv import LocalizationCSV
from .localization_list import LocalizationList
from .pseudo_boxes import PseudoBoxDataset
from .synthetic import SyntheticLocalization
from .transforms import PackLocalizationInputs, ResizeCrop, TenCrop

__all__ = [
    'BadImageError',
    'CUBLocalization',
    'ILSVRCLocalization',
    'LocalizationCSV',
    'LocalizationDataset',
    'LocalizationList',
    'PackLocalizationInputs',
    'PseudoBoxDataset',
    'ResizeCrop',
    'SyntheticLocalization',
    'TenCrop',
]
