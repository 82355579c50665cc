"""Hooks: L_VST for any host model, checks before and during training, and logs and pictures of a run."""

from __future__ import annotations

from sltnet_mm.hooks.adl_hook import ADLHook
from sltnet_mm.hooks.box_source_hook import BoxSourceHook
from sltnet_mm.hooks.checkpoint_fit_hook import CheckpointFitHook
from sltnet_mm.hooks.data_fit_hook import DataFitHook
from sltnet_mm.hooks.exact_resume_hook import ExactResumeHook
from sltnet_mm.hooks.finite_loss_hook import FiniteLossHook
from sltnet_mm.hooks.first_epoch_hook import FirstEpochHook
from sltnet_mm.hooks.iou_history_hook import IoUHistoryHook, read_iou_history
from sltnet_mm.hooks.preprocessing_hook import PreprocessingHook
from sltnet_mm.hooks.safe_checkpoint_hook import SafeCheckpointHook
from sltnet_mm.hooks.statistics_hook import StatisticsHook
from sltnet_mm.hooks.stop_hook import StopHook
from sltnet_mm.hooks.visualization_hook import LocalizationVisualizationHook
from sltnet_mm.hooks.vst_hook import VSTHook

__all__ = [
    'ADLHook',
    'BoxSourceHook',
    'CheckpointFitHook',
    'DataFitHook',
    'ExactResumeHook',
    'FiniteLossHook',
    'FirstEpochHook',
    'IoUHistoryHook',
    'LocalizationVisualizationHook',
    'PreprocessingHook',
    'SafeCheckpointHook',
    'StatisticsHook',
    'StopHook',
    'VSTHook',
    'read_iou_history',
]
