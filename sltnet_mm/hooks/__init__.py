"""Hooks: L_VST for any host model, and what a training run should watch and say."""

from .checks import CheckpointFitHook, DataFitHook, FiniteLossHook
from .statistics_hook import StatisticsHook
from .visualization_hook import LocalizationVisualizationHook
from .vst_hook import VSTHook

__all__ = [
    'CheckpointFitHook',
    'DataFitHook',
    'FiniteLossHook',
    'LocalizationVisualizationHook',
    'StatisticsHook',
    'VSTHook',
]
