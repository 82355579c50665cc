"""GC-Net: a detector that learns an ellipse which a frozen classifier needs, and beyond which it sees nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn
from torch.nn import functional as F

from sltnet_mm.functional.boxes import unit_to_boxes
from sltnet_mm.functional.ellipse import ellipse_boxes, ellipse_mask
from sltnet_mm.models.label_maps import labels_of
from sltnet_mm.registry import MODELS
from sltnet_mm.structures.frames import boxes_to_original
from sltnet_mm.weights.checkpoints import existing_checkpoint, load_fitting
from sltnet_mm.weights.loading import load_checkpoint_file


@MODELS.register_module()
class GCNet(BaseModel):
    r"""Geometry-constrained localization (Lu et al., ECCV 2020), with the formula's ellipse as mask.

    A detector gives the five numbers of an ellipse (:func:`sltnet_mm.functional.ellipse_mask`), whose soft mask m
    covers the normalized image I. The classifier f is frozen: it is in eval mode, and gradients only flow through it.

    .. math::
        L = L_{CE}(f(m I), y) + (\log C - H(f((1 - m) I))) + w \, \overline{a b}

    H is the entropy of the class probabilities: outside the ellipse, nothing shall be seen. The box is that around the
    ellipse, the label comes from the classifier on the whole image.

    Args:
        backbone: Config of the detector's backbone.
        in_channels: Channels of its last feature map.
        classifier: Config of a classifier, such as ``mmpretrain.ImageClassifier``.
        classifier_checkpoint: File with its weights, loaded by ``init_weights`` when training starts. Later, they are
            in the checkpoint. None: its ``init_cfg``.
        grid: The feature map is pooled to ``grid`` x ``grid`` cells and flattened; 7 with VGG16, else 1.
        hidden_channels: Widths of layers with ReLU and dropout in front of the last one; (4096, 4096) with VGG16.
        area_weight: w; 2.5 with the formula's mask.
        sharpness: Of the mask's edge at the start; it is learned.
        data_preprocessor: As in mmengine.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a number is out of range, or the checkpoint does not fit the classifier.
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: int,
        classifier: dict,
        classifier_checkpoint: str | None = None,
        grid: int = 1,
        hidden_channels: Sequence[int] = (),
        area_weight: float = 2.5,
        sharpness: float = 10.0,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if grid < 1 or area_weight < 0 or sharpness <= 0:
            raise ValueError(
                'GCNet: grid must be at least 1, area_weight not negative and sharpness positive, got '
                f'{grid}, {area_weight}, {sharpness}'
            )
        self.backbone = MODELS.build(backbone)
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        channels = in_channels * grid**2
        for width in hidden_channels:
            layers += [nn.Linear(channels, width), nn.ReLU(inplace=True), nn.Dropout()]
            channels = width
        self.box_layers = nn.Sequential(*layers, nn.Linear(channels, 5))
        self.sharpness = nn.Parameter(torch.tensor(float(sharpness)))
        self.area_weight = area_weight
        self.classifier_checkpoint = classifier_checkpoint
        self.classifier: Any = MODELS.build(classifier).requires_grad_(False)

    def init_weights(self) -> None:
        """Initialize as mmengine does, then load the classifier."""
        super().init_weights()
        last: Any = self.box_layers[-1]
        nn.init.normal_(last.weight, std=0.01)  # start at the ellipse in the center
        nn.init.zeros_(last.bias)
        if self.classifier_checkpoint is not None:
            path = existing_checkpoint(self.classifier_checkpoint)
            load_fitting(self.classifier, load_checkpoint_file(path))

    def train(self, mode: bool = True) -> GCNet:
        """Set training mode for the detector; the classifier stays in eval mode: no dropout, no new statistics."""
        super().train(mode)
        self.classifier.eval()
        return self

    def ellipses(self, inputs: Tensor) -> Tensor:
        """The five numbers of each image's ellipse, B x 5 in (0, 1)."""
        feats = self.backbone(inputs)
        return self.box_layers(feats[-1] if isinstance(feats, (tuple, list)) else feats).float().sigmoid()

    def forward(self, inputs: Tensor, data_samples: Sequence[BaseDataElement] | None = None, mode: str = 'tensor'):
        """The ellipses ('tensor'), the losses ('loss') or the samples with predictions ('predict')."""
        if mode == 'tensor':
            return self.ellipses(inputs)
        if mode not in ('loss', 'predict'):
            raise ValueError(f'mode must be tensor, loss or predict, got {mode!r}')
        if data_samples is None:
            raise ValueError(f'GCNet needs data_samples with mode={mode!r}')
        return self.loss(inputs, data_samples) if mode == 'loss' else self.predict(inputs, data_samples)

    def loss(self, inputs: Tensor, data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The losses ``loss_inside``, ``loss_outside`` and ``loss_area``."""
        params = self.ellipses(inputs)
        mask = ellipse_mask(params, inputs.shape[-2:], self.sharpness)[:, None].to(inputs.dtype)
        inside = self.classifier(mask * inputs, mode='tensor').float()
        outside = self.classifier((1 - mask) * inputs, mode='tensor').float().log_softmax(1)
        entropy = -(outside.exp() * outside).sum(1).mean()
        return dict(
            loss_inside=F.cross_entropy(inside, labels_of(data_samples, inside.device, 'GCNet')),
            loss_outside=math.log(inside.shape[1]) - entropy,
            loss_area=self.area_weight * (params[:, 2] * params[:, 3]).mean(),
        )

    def predict(self, inputs: Tensor, data_samples: Sequence[BaseDataElement]) -> Sequence[BaseDataElement]:
        """The samples with ``pred_instances`` (one box, the best five labels), ``pred_score`` and ``pred_label``."""
        boxes = unit_to_boxes(ellipse_boxes(self.ellipses(inputs)), inputs.shape[-2:])
        boxes = boxes_to_original(boxes, [sample.metainfo for sample in data_samples])
        scores = self.classifier(inputs, mode='tensor').float().softmax(1)
        best, labels = scores.topk(min(5, scores.shape[1]), dim=1)
        for i, sample in enumerate(data_samples):
            rows = boxes[i].expand(labels.shape[1], 4).clone()
            sample.pred_instances = InstanceData(bboxes=rows, labels=labels[i], scores=best[i])
            sample.pred_score, sample.pred_label = scores[i], labels[i, :1]
        return data_samples
