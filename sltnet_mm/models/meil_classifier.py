"""MEIL: the same network sees the features and a copy of them whose strongest cells are erased."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from sltnet_mm.functional.hiding import attention_drop_mask
from sltnet_mm.hooks.map_layer import find_module
from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class MEILClassifier(ImageClassifier):
    r"""Erasing integrated learning (Mai et al., CVPR 2020) for a classifier with a CAM head.

    Behind ``erase_layer``, the features continue twice through the *same* layers: as they are, and without the cells
    whose channel mean is at least ``gamma`` times the highest of the image.

    .. math::
        L = L_{CE}(f(F)) + \sigma \, L_{CE}(f(F \odot D))

    Nothing is random, and a test runs the plain network. What lies in front of ``erase_layer`` runs once. Batch norm
    behind it sees both halves.

    Args:
        backbone: As in ``mmpretrain.ImageClassifier``.
        neck: As there.
        head: As there; :class:`CAMHead` with ``pooling='mean'``.
        erase_layer: Dotted name of a layer that returns maps B x N x h x w; pool4 of VGG16 in the released code.
        gamma: In [0, 1].
        erased_weight: Sigma, the factor on the loss of the erased copy.
        pretrained: As in ``mmpretrain.ImageClassifier``.
        train_cfg: As there.
        data_preprocessor: As there.
        init_cfg: As there.

    Raises:
        TypeError: If the head is not :class:`CAMHead`.
        ValueError: If a number is out of range or the layer does not exist; the message lists those that do.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        erase_layer: str,
        gamma: float = 0.7,
        erased_weight: float = 1.0,
        neck: dict | None = None,
        pretrained: str | None = None,
        train_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, pretrained, train_cfg, data_preprocessor, init_cfg)
        if not 0 <= gamma <= 1 or erased_weight < 0:
            raise ValueError(
                f'MEILClassifier: gamma must be in [0, 1] and erased_weight at least 0, got {gamma} and {erased_weight}'
            )
        if not isinstance(self.head, CAMHead) or self.head.pooling != 'mean':
            raise TypeError(f'MEILClassifier: head must be CAMHead with pooling="mean", got {type(self.head).__name__}')
        find_module(self, erase_layer, 'erase_layer', 'MEILClassifier')
        self.erase_layer = erase_layer
        self.gamma = gamma
        self.erased_weight = erased_weight

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls`` (or that of the head's loss module) and ``loss_erased``."""
        count = len(inputs)
        with self._erased_copy(count):
            feats = self.extract_feat(inputs)
        losses = self.head.loss(tuple(level[:count] for level in feats), data_samples)
        # not through the layer ``head.cam``: hooks on it shall see the maps of the original alone
        erased = self.head.pre_logits(tuple(level[count:] for level in feats))
        logits = F.conv2d(erased, self.head.cam.weight).mean((2, 3))
        losses['loss_erased'] = self.erased_weight * self.head._get_loss(logits, data_samples)['loss']
        return losses

    @contextmanager
    def _erased_copy(self, count: int) -> Iterator[None]:
        """Let an erased copy of each image follow the batch behind ``erase_layer``."""

        def double(layer: nn.Module, args: tuple, output: Tensor) -> Tensor:
            if len(output) != count:
                raise ValueError(f'MEILClassifier: {self.erase_layer} must run once in a pass')
            return torch.cat([output, output * attention_drop_mask(output, self.gamma)])

        handle = self.get_submodule(self.erase_layer).register_forward_hook(double)
        try:
            yield
        finally:
            handle.remove()
