"""Any trained model, with predictions that hold the maps of a map source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sltnet_mm.functional.resize import resize_maps
from sltnet_mm.map_sources.source import MapSource
from sltnet_mm.models.predictions import add_maps
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class MapSourceModel(BaseTTAModel):
    """A trained model that predicts class scores and the maps of a :class:`MapSource`, for tests.

    Predictions get ``pred_score`` (C), ``pred_label`` (1), ``pred_maps`` with ``top_1``, ``top_k`` and, if the sample
    has a ``gt_label``, ``label``, and ``pred_score_map``, as those of a localizer: ``LocalizationMetric``, the
    visualizer, pseudo boxes and ``SLTInferencer`` read them. It is a ``BaseTTAModel`` because mmengine loads a
    checkpoint into the module of one.

    Args:
        module: The model, or its config: mmpretrain's classifiers, SLT-Net, dense detectors of mmdet, or any
            ``BaseModel`` whose ``mode='tensor'`` gives class scores.
        method: See :class:`MapSource`, also for what follows.
        layers: Names of layers in ``module``.
        fuse: How several layers are joined.
        top_k: K of ``top_k``.
        extra_tokens: Tokens in front of those of the patches.
        layout: Of the layers' outputs.
        smooth: Of input saliency.
        data_preprocessor: As in mmengine: replaces that of ``module``.

    Raises:
        ValueError: If a setting or a layer is wrong; see :class:`MapSource`.

    Example:
        >>> from mmengine.registry import DefaultScope
        >>> from mmpretrain.models import ImageClassifier
        >>> head = dict(type='LinearClsHead', num_classes=5, in_channels=512)
        >>> with DefaultScope.overwrite_default_scope('mmpretrain'):
        ...     network = ImageClassifier(dict(type='ResNet', depth=18), dict(type='GlobalAveragePooling'), head)
        >>> model = MapSourceModel(network, 'grad_cam', 'backbone.layer4').eval()
        >>> sample = model.test_step(dict(inputs=[torch.rand(3, 64, 64)]))[0]
        >>> sample.pred_score.shape, sample.pred_score_map.shape
        (torch.Size([5]), torch.Size([64, 64]))
    """

    def __init__(
        self,
        module: dict | nn.Module,
        method: str,
        layers: str | Sequence[str] = (),
        fuse: str = 'mean',
        top_k: int | None = None,
        extra_tokens: int | None = None,
        layout: str = 'auto',
        smooth: float = 0.0,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        super().__init__(module, data_preprocessor)
        self.source = MapSource(method, layers, fuse, top_k, extra_tokens, layout, smooth)

    def merge_preds(self, data_samples_list: Sequence) -> list:
        """Refuse: views of an image are not merged here."""
        raise NotImplementedError('MapSourceModel has a single view of each image; leave out --tta')

    def test_step(self, data: Any) -> list[BaseDataElement]:
        """The samples of a batch with their scores and maps."""
        module: Any = self.module
        data = module.data_preprocessor(data, False)
        inputs, samples = data['inputs'], data.get('data_samples')
        if samples is None:
            samples = [BaseDataElement(metainfo=dict(img_shape=tuple(inputs.shape[-2:]))) for _ in inputs]
        labels = None
        if all('gt_label' in sample for sample in samples):
            labels = torch.stack([torch.as_tensor(sample.gt_label).flatten()[0] for sample in samples])
        scores, maps = self.source(module, inputs, labels, samples)
        dense = getattr(module, 'bbox_head', None) is not None and not hasattr(module, 'localizer')
        scores = scores.sigmoid() if dense else scores.softmax(1)  # a detector's classes do not exclude each other
        for i, sample in enumerate(samples):
            sample.pred_score = scores[i]
            sample.pred_label = scores[i].argmax(0, keepdim=True)
        _add_maps(samples, maps, tuple(inputs.shape[-2:]))
        return samples

    val_step = test_step


def _add_maps(samples: Sequence[BaseDataElement], maps: dict[str, Tensor], padded: tuple[int, int]) -> None:
    """Write maps of the padded batch onto the samples: detectors pad images on the right and below."""
    sizes = [tuple(sample.get('img_shape', padded)[:2]) for sample in samples]
    if set(sizes) == {padded}:
        add_maps(samples, maps)
        return
    for i, (sample, (height, width)) in enumerate(zip(samples, sizes, strict=True)):
        whole = {name: resize_maps(each[i : i + 1, None], padded)[:, 0] for name, each in maps.items()}
        add_maps([sample], {name: each[:, :height, :width] for name, each in whole.items()})
