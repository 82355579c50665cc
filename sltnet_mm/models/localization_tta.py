"""Test-time augmentation for localizers, regressors and SLT-Nets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor

from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.functional.resize import resize_maps
from sltnet_mm.registry import MODELS
from sltnet_mm.structures.frames import input_to_original, transform_box_array


@MODELS.register_module()
class LocalizationTTA(BaseTTAModel):
    """Average the predictions over several views of an image: probabilities, maps and boxes, with flips undone.

    Set it as ``tta_model`` in a config whose ``tta_pipeline`` shows each image in several views
    (``mmcv.transforms.TestTimeAug``). The views may be mirrored and differ in scale. They must show the same part of
    the image, and at least one must not be mirrored: the merged prediction is in its frame. Boxes are already on the
    original image, whatever the view. mmdet's ``DetTTAModel`` would mirror them once more and selects among them by
    non-maximum suppression; mmpretrain's ``AverageClsScoreTTA`` drops the maps.

    Merged, if the model predicts them: ``pred_score`` (C) and the ``pred_label`` that follows from it; the raw maps
    ``pred_maps``, and ``pred_score_map`` made from them as for a single view; the box of ``pred_instances``, whose
    labels and scores follow ``pred_score``.

    Args:
        module: The model, or its config.
        data_preprocessor: As in mmengine.

    Raises:
        ValueError: If (when called) all views are mirrored, or the views show different parts of the image.
    """

    def merge_preds(self, data_samples_list: Sequence[Sequence[BaseDataElement]]) -> list[BaseDataElement]:
        """One prediction per image, from a sequence of views for each."""
        return [merge_views(views) for views in data_samples_list]


def merge_views(views: Sequence[BaseDataElement]) -> BaseDataElement:
    """The merged prediction of one image's views, written into the first unmirrored one.

    See :class:`LocalizationTTA`.

    Raises:
        ValueError: If all views are mirrored, or they show different parts of the image.

    Example:
        >>> view = BaseDataElement(metainfo=dict(ori_shape=(8, 10), homography_matrix=np.diag([.8, 1, 1])))
        >>> view.pred_instances = InstanceData(bboxes=torch.tensor([[0., 0., 4., 4.]]))
        >>> mirrored = BaseDataElement(metainfo=dict(ori_shape=(8, 10), flip=True, flip_direction='horizontal',
        ...     homography_matrix=np.array([[-.8, 0, 8], [0, 1, 0], [0, 0, 1]])))
        >>> mirrored.pred_instances = InstanceData(bboxes=torch.tensor([[2., 0., 6., 4.]]))
        >>> merge_views([view, mirrored]).pred_instances.bboxes
        tensor([[1., 0., 5., 4.]])
    """
    merged = next((view for view in views if not view.get('flip', False)), None)
    if merged is None:
        raise ValueError(
            f'all {len(views)} views of {views[0].get("img_path", "an image")} are mirrored: add one to tta_pipeline '
            'that is not (flip_prob=0); the others are merged in its frame'
        )
    _check_parts(views, merged)
    if 'pred_score' in merged:
        merged.pred_score = torch.stack([view.pred_score for view in views]).mean(dim=0)
        merged.pred_label = merged.pred_score.argmax(dim=0, keepdim=True)
    if 'pred_maps' in merged:
        _merge_maps(views, merged)
    if 'pred_instances' in merged:
        boxes = torch.stack([view.pred_instances.bboxes[0] for view in views]).mean(dim=0)
        rows = InstanceData(bboxes=boxes.expand(len(merged.pred_instances), 4).clone())
        if 'pred_score' in merged:
            rows.scores, rows.labels = merged.pred_score.topk(len(rows))
        else:
            rows.update(InstanceData(**{k: v for k, v in merged.pred_instances.items() if k != 'bboxes'}))
        merged.pred_instances = rows
    return merged


def _merge_maps(views: Sequence[BaseDataElement], merged: BaseDataElement) -> None:
    names = [name for name in merged.pred_maps.keys() if all(name in view.pred_maps for view in views)]
    for name in names:
        size = merged.pred_maps.get(name).shape[-2:]
        maps = [_unmirrored_map(view, view.pred_maps.get(name)) for view in views]
        # Sizes differ where the views differ in scale.
        maps = [resize_maps(each[None, None], size) for each in maps]
        merged.pred_maps.set_data({name: torch.cat(maps).mean(dim=(0, 1))})
    if 'pred_score_map' in merged:
        merged.pred_score_map = to_score_map(merged.pred_maps.top_k[None], size=tuple(merged.pred_score_map.shape))[0]


def _unmirrored_map(view: BaseDataElement, values: Tensor) -> Tensor:
    """A map with the input's flip undone."""
    direction = view.get('flip_direction') if view.get('flip', False) else None
    axes = dict(horizontal=[-1], vertical=[-2], diagonal=[-2, -1]).get(direction or '', [])
    return values.flip(axes) if axes else values


def _check_parts(views: Sequence[BaseDataElement], merged: BaseDataElement) -> None:
    """Raise if the views show different parts of the image: their maps could not be averaged."""
    own = _part(merged)
    for part in map(_part, views):
        if part is None or own is None:
            continue
        if np.abs(part - own).max() > 1:  # pixels; sizes are rounded
            raise ValueError(
                f'the views of {merged.get("img_path", "an image")} show different parts of it, x1, y1, x2, y2 = '
                f'{np.round(own, 1).tolist()} and {np.round(part, 1).tolist()}: tta_pipeline may mirror and scale the '
                'whole image, not crop it in several places'
            )


def _part(view: BaseDataElement) -> np.ndarray | None:
    """The box of the original image that the network input covers, or None if the input size is unknown."""
    if 'img_shape' not in view:
        return None
    height, width = view.img_shape[:2]
    return transform_box_array(np.array([[0, 0, width, height]]), input_to_original(view.metainfo))[0]
