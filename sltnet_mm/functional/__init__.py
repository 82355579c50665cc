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

The systems that the paper compares with have their functions here too: ``hide_patches`` (HaS), ``attention_drop_mask``
and ``attention_importance`` (ADL), ``erase`` (ACoL, MEIL), ``thresholded_average_pool`` and ``percentile_threshold``
(Bae et al.), ``divergence_loss`` (DANet), ``ternary_targets`` (SPG), ``ellipse_mask`` (GC-Net), and the maps of any
layer: ``grad_cam``, ``grad_cam_plus_plus``, ``layer_cam``, ``bag_cams``, ``input_saliency``.
``class_token_attention`` belongs to TS-CAM.

.. _paper: https://openaccess.thecvf.com/content/CVPR2021/html/
   Guo_Strengthen_Learning_Tolerance_for_Weakly_Supervised_Object_Localization_CVPR_2021_paper.html
"""

from __future__ import annotations

from sltnet_mm.functional.attention import class_token_attention
from sltnet_mm.functional.boxes import (
    box_iou,
    boxes_to_unit,
    clip_boxes,
    covers_image,
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
from sltnet_mm.functional.divergence import divergence_loss
from sltnet_mm.functional.ellipse import ellipse_boxes, ellipse_mask
from sltnet_mm.functional.gradient_maps import bag_cams, grad_cam, grad_cam_plus_plus, input_saliency, layer_cam
from sltnet_mm.functional.hiding import attention_drop_mask, attention_importance, erase, hide_patches
from sltnet_mm.functional.pooling import thresholded_average_pool
from sltnet_mm.functional.regression import boxes_to_regression, regression_loss, regression_to_boxes, smooth_l1
from sltnet_mm.functional.resize import resize_maps
from sltnet_mm.functional.smt import check_tolerance, in_top_k, smt_loss, tolerant_losses
from sltnet_mm.functional.targets import ternary_targets
from sltnet_mm.functional.thresholds import check_threshold, map_threshold, percentile_threshold
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
    'attention_drop_mask',
    'attention_importance',
    'average_top_k_maps',
    'bag_cams',
    'box_iou',
    'boxes_to_regression',
    'boxes_to_unit',
    'check_threshold',
    'check_tolerance',
    'class_maps',
    'class_token_attention',
    'clip_boxes',
    'covers_image',
    'ddt_heatmaps',
    'divergence_loss',
    'ellipse_boxes',
    'ellipse_mask',
    'erase',
    'foreground_mask',
    'grad_cam',
    'grad_cam_plus_plus',
    'heatmaps_to_boxes',
    'hide_patches',
    'in_top_k',
    'input_saliency',
    'largest_component_boxes',
    'layer_cam',
    'map_threshold',
    'normalize_maps',
    'object_sign',
    'percentile_threshold',
    'project_descriptors',
    'regression_loss',
    'regression_to_boxes',
    'resize_maps',
    'score_map_to_box',
    'smooth_l1',
    'smt_loss',
    'ternary_targets',
    'thresholded_average_pool',
    'to_score_map',
    'tolerant_losses',
    'transform_boxes',
    'unit_to_boxes',
    'vst_loss',
]
