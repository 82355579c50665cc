"""Pictures of predictions: boxes, score maps, captions, grids, and a visualizer."""

from __future__ import annotations

from sltnet_mm.datasets.orientation import original_image
from sltnet_mm.visualization.captions import add_caption
from sltnet_mm.visualization.drawing import (
    GT_COLOR,
    MAP_BOX_COLOR,
    PREDICTED_COLOR,
    draw_boxes,
    enlarge,
    overlay_score_map,
    warp_to_original,
)
from sltnet_mm.visualization.grid import picture_grid
from sltnet_mm.visualization.panels import box_panel, map_panel
from sltnet_mm.visualization.visualizer import LocalizationVisualizer

__all__ = [
    'GT_COLOR',
    'MAP_BOX_COLOR',
    'PREDICTED_COLOR',
    'LocalizationVisualizer',
    'add_caption',
    'box_panel',
    'draw_boxes',
    'enlarge',
    'map_panel',
    'original_image',
    'overlay_score_map',
    'picture_grid',
    'warp_to_original',
]
