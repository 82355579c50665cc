"""Inference: labels, boxes, score maps and pictures of images, with ``sltnet_mm.SLTInferencer``."""

from __future__ import annotations

from sltnet_mm.inferencer.inferencer import SLTInferencer
from sltnet_mm.inferencer.result import LocalizationResult
from sltnet_mm.inferencer.results_file import write_results

__all__ = ['LocalizationResult', 'SLTInferencer', 'write_results']
