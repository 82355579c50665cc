"""The equations of SLT-Net as plain functions of tensors, without registries or a host framework.

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021 (paper_).
Each formula is written out in the docstring of its function:

- eq. 1, 2 (the total loss of SLT-Net and of its localizer): see :class:`sltnet_mm.models.SLTNet`;
- eq. 3, 4 (the regressor's loss): ``regression_loss``, ``smooth_l1``;
- eq. 5, 8 (cross entropy, the semantic mistakes tolerance loss): ``smt_loss``;
- eq. 6, 7 (class activation maps): ``class_maps``;
- eq. 9 (their average over the top K classes): ``average_top_k_maps``;
- eq. 10, 12 (views of an image, and their inverses on maps): the views, such as ``HorizontalFlip``;
- eq. 11 (the maps of both views) is two calls of the localizer: see :class:`sltnet_mm.hooks.VSTHook`;
- eq. 13 (the visual stimulus tolerance loss): ``vst_loss``.

``to_score_map`` and ``score_map_to_box`` turn maps into boxes (Sec. 3.2). ``ddt_heatmaps`` is deep descriptor
transforming, the source of PSOL's pseudo boxes.

.. _paper: https://openaccess.thecvf.com/content/CVPR2021/html/
   Guo_Strengthen_Learning_Tolerance_for_Weakly_Supervised_Object_Localization_CVPR_2021_paper.html
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
