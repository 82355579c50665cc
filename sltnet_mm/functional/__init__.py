"""The paper as functions: tensors in, tensors out, no registry and no host framework.

In the order of the paper: ``class_maps`` (7), ``smt_loss`` (8), ``average_top_k_maps`` (9), the views (10, 12),
``vst_loss`` (13), then ``to_score_map``, ``score_map_to_box`` and the regressor's ``regression_loss`` (3, 4).
``ddt_heatmaps`` is deep descriptor transforming, the pseudo boxes of PSOL.
"""

from __future__ import annotations

from sltnet_mm.functional.boxes import (
    box_iou,
    boxes_to_unit,
    clip_boxes,
    foreground_mask,
    score_map_to_box,
    transform_boxes,
    unit_to_boxes,
)
from sltnet_mm.functional.cam import average_top_k_maps, class_maps, to_score_map
from sltnet_mm.functional.color import adjust_color
from sltnet_mm.functional.components import largest_component_boxes
from sltnet_mm.functional.ddt import (
    DescriptorCovariance,
    ddt_heatmaps,
    heatmaps_to_boxes,
    object_sign,
    project_descriptors,
)
from sltnet_mm.functional.regression import boxes_to_regression, regression_loss, regression_to_boxes, smooth_l1
from sltnet_mm.functional.resize import resize_maps
from sltnet_mm.functional.smt import check_tolerance, in_top_k, smt_loss, tolerant_losses
from sltnet_mm.functional.views import ColorJitter, Compose, HorizontalFlip, Scale, View
from sltnet_mm.functional.vst import normalize_maps, vst_loss

__all__ = [
    'ColorJitter',
    'Compose',
    'DescriptorCovariance',
    'HorizontalFlip',
    'Scale',
    'View',
    'adjust_color',
    'average_top_k_maps',
    'box_iou',
    'boxes_to_regression',
    'boxes_to_unit',
    'check_tolerance',
    'class_maps',
    'clip_boxes',
    'ddt_heatmaps',
    'foreground_mask',
    'heatmaps_to_boxes',
    'in_top_k',
    'largest_component_boxes',
    'normalize_maps',
    'object_sign',
    'project_descriptors',
    'regression_loss',
    'regression_to_boxes',
    'resize_maps',
    'score_map_to_box',
    'smooth_l1',
    'smt_loss',
    'to_score_map',
    'tolerant_losses',
    'transform_boxes',
    'unit_to_boxes',
    'vst_loss',
]
