"""BAS: a mask per class that suppresses what the classifier finds in the background."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from sltnet_mm.hooks.map_layer import find_module
from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.models.label_maps import labels_of, of_labels
from sltnet_mm.models.predictions import add_localization
from sltnet_mm.registry import MODELS

_SEQUENCE = 'backbone.features.'


@MODELS.register_module()
class BASClassifier(ImageClassifier):
    r"""Background activation suppression (Wu et al., CVPR 2022) for a classifier with a CAM head.

    Behind ``mask_layer``, a 3x3 convolution with a sigmoid gives a mask :math:`m_c` for each class. What follows that
    layer, f, sees the features F, and a frozen copy of it sees the background of the label y; the activation S is the
    mean of the positive class map.

    .. math::
        L = L_{CE}(f(F)) + w \, L_{CE}(f(F \odot m_y)) + r \, [r < 1] + \lambda \, \overline{m_y}, \qquad
        r = \frac{S_y(\bar F \odot (1 - m_y))}{\bar S_y(F) + \epsilon}

    A bar marks what is passed no gradient: the features, and the activation of the whole image. The map of class c at a
    test is its mask. In the authors' network, the class maps themselves end in a ReLU; here only S does.

    Args:
        backbone: A network whose layers run in the order of its ``features``: VGG of mmpretrain, or
            :class:`TorchvisionBackbone` for vgg, squeezenet and their like.
        head: :class:`CAMHead` with ``pooling='mean'``; its ``top_k`` is the number of classes whose masks are averaged.
        mask_layer: ``'backbone.features.<number>'``, a layer that returns maps; conv4_3 of VGG16.
        mask_channels: Channels of that layer.
        foreground_weight: w; 0 with VGG16, 0.5 with other networks.
        area_weight: Lambda.
        neck: Must be None.
        pretrained: As in ``mmpretrain.ImageClassifier``.
        train_cfg: As there.
        data_preprocessor: As there.
        init_cfg: As there.

    Raises:
        TypeError: If the head is not :class:`CAMHead` with the mean as its pooling.
        ValueError: If a weight is negative, there is a neck, or the layer is none of ``backbone.features`` or its last.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        mask_layer: str,
        mask_channels: int,
        foreground_weight: float = 0.0,
        area_weight: float = 0.7,
        neck: None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, pretrained, train_cfg, data_preprocessor, init_cfg)
        if foreground_weight < 0 or area_weight < 0 or neck is not None:
            raise ValueError(
                'BASClassifier: foreground_weight and area_weight must be at least 0 and neck None, got '
                f'{foreground_weight}, {area_weight}, {neck}'
            )
        if not isinstance(self.head, CAMHead) or self.head.pooling != 'mean':
            raise TypeError(f'BASClassifier: head must be CAMHead with pooling="mean", got {type(self.head).__name__}')
        find_module(self, mask_layer, 'mask_layer', 'BASClassifier')
        place = mask_layer.removeprefix(_SEQUENCE)
        if not mask_layer.startswith(_SEQUENCE) or not place.isdigit() or int(place) + 1 >= len(self._layers):
            raise ValueError(
                f'BASClassifier: mask_layer must be backbone.features.<number> with layers behind it, because those '
                f'are run again, got {mask_layer!r}'
            )
        self.early = int(place) + 1
        self.masks = nn.Conv2d(mask_channels, self.head.num_classes, 3, padding=1)
        self.foreground_weight, self.area_weight = foreground_weight, area_weight

    @property
    def _layers(self) -> Any:
        return self.backbone.features

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls``, ``loss_background``, ``loss_area`` and, with a weight, ``loss_foreground``."""
        features = self._layers[: self.early](inputs)
        last = self._layers[self.early :](features)
        labels = labels_of(data_samples, inputs.device, 'BASClassifier')
        self.head._check_labels(data_samples)
        maps = self.head.class_maps((last,))
        losses = self.head._classification_loss(maps.mean((2, 3)), data_samples)
        mask = of_labels(self.masks(features).float().sigmoid(), labels)[:, None]
        whole = activation(of_labels(maps, labels)).detach()
        hidden = self._frozen_maps(features.detach() * (1 - mask).to(features))
        ratio = activation(of_labels(hidden, labels)) / (whole + 1e-8)
        losses['loss_background'] = torch.where(ratio < 1, ratio, 0.0).mean()
        losses['loss_area'] = self.area_weight * mask.mean()
        if self.foreground_weight:
            shown = self.head.pre_logits((self._layers[self.early :](features * mask.to(features)),))
            logits = F.conv2d(shown, self.head.cam.weight).mean((2, 3))  # not ``cam``: hooks on it see the whole image
            losses['loss_foreground'] = self.foreground_weight * self.head._get_loss(logits, data_samples)['loss']
        return losses

    def _frozen_maps(self, features: Tensor) -> Tensor:
        """Class maps of features behind ``mask_layer``, by layers that learn nothing from it."""
        for layers in (self._layers[self.early :], self.head.convs):
            weights = {name: parameter.detach() for name, parameter in layers.named_parameters()}
            features = functional_call(layers, weights, (features,))
        return F.conv2d(features, self.head.cam.weight.detach())

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """The samples with scores and, as maps, the masks of the classes."""
        features = self._layers[: self.early](inputs)
        logits = self.head((self._layers[self.early :](features),))
        data_samples = self.head._get_predictions(logits, data_samples)
        add_localization(data_samples, self.masks(features).float().sigmoid(), logits, self.head.top_k)
        return data_samples


def activation(maps: Tensor) -> Tensor:
    """S, the mean over the cells of what is positive in a map: B of B x h x w.

    Example:
        >>> activation(torch.tensor([[[2.0, -4.0]]]))
        tensor([1.])
    """
    return maps.float().relu().mean((1, 2))
