"""Hooks: L_VST for any host model, and what a training run should watch and say."""
from .checks import CheckpointFitHook, ClassCountHook, FiniteLossHook
from .statistics_hook import StatisticsHook
from .vst_hook import VSTHook

__all__ = ['CheckpointFitHook', 'ClassCountHook', 'FiniteLossHook', 'StatisticsHook', 'VSTHook']
