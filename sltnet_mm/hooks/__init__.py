"""Hooks: L_VST for any host model, and what a training run should watch and say."""

from .checks import CheckpointFitHook, DataFitHook, FiniteLossHook
from .iou_history import IoUHistoryHook, read_iou_history
from .statistics_hook import StatisticsHook
from .visualization_hook import LocalizationVisualizationHook
from .vst_hook import VSTHook

__all__ = [
    'CheckpointFitHook',
    'DataFitHook',
    'FiniteLossHook',
    'IoUHistoryHook',
    'LocalizationVisualizationHook',
    'StatisticsHook',
    'VSTHook',
    'read_iou_history',
]
