"""Maps of any layer of any trained model, without training: Grad-CAM, Grad-CAM++, LayerCAM, BagCAMs, input saliency."""

from __future__ import annotations

from sltnet_mm.map_sources.model import MapSourceModel
from sltnet_mm.map_sources.setting import read_setting, with_map_source
from sltnet_mm.map_sources.source import METHODS, MapSource

__all__ = ['METHODS', 'MapSource', 'MapSourceModel', 'read_setting', 'with_map_source']
