"""Localization numbers under named protocols: metrics for mmengine's evaluator."""
from sltnet_mm.evaluation.localization_metric import LocalizationMetric
from sltnet_mm.functional.protocols import PROTOCOLS, Protocol, get_protocol

__all__ = ['PROTOCOLS', 'LocalizationMetric', 'Protocol', 'get_protocol']
