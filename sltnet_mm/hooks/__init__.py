"""Hooks: L_VST for any host model, and what a training run should watch and say."""

from sltnet_mm.hooks.checks import CheckpointFitHook, DataFitHook, FiniteLossHook
from sltnet_mm.hooks.iou_history_hook import IoUHistoryHook, read_iou_history
from sltnet_mm.hooks.statistics_hook import StatisticsHook
from sltnet_mm.hooks.visualization_hook import LocalizationVisualizationHook
from sltnet_mm.hooks.vst_hook import VSTHook

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
