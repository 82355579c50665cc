"""Images in, labels, boxes, score maps and pictures out: ``sltnet_mm.SLTInferencer``."""

from .inferencer import SLTInferencer
from .result import LocalizationResult

__all__ = ['LocalizationResult', 'SLTInferencer']
