"""Localization metrics under named protocols: for mmengine's evaluator, and as functions for maps of any origin."""

from __future__ import annotations

from sltnet_mm.evaluation.class_scores import DumpScores, ScoreFile
from sltnet_mm.evaluation.localization_metric import LocalizationMetric
from sltnet_mm.evaluation.pixel_metric import PixelAveragePrecision
from sltnet_mm.evaluation.pixel_precision import evaluate_masks
from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol, get_protocol
from sltnet_mm.evaluation.score_maps import evaluate_score_maps, load_score_maps

__all__ = [
    'PROTOCOLS',
    'DumpScores',
    'LocalizationMetric',
    'PixelAveragePrecision',
    'Protocol',
    'ScoreFile',
    'evaluate_masks',
    'evaluate_score_maps',
    'get_protocol',
    'load_score_maps',
]
