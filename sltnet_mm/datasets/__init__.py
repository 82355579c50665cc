"""Data sets for weakly supervised localization: labels for training, labels and boxes for validation and test."""
from .base import LocalizationDataset
from .synthetic import SyntheticLocalization
from .transforms import PackLocalizationInputs, ResizeCrop

__all__ = ['LocalizationDataset', 'PackLocalizationInputs', 'ResizeCrop', 'SyntheticLocalization']
