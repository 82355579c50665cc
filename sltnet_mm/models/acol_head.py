"""The head of ACoL: two classifiers, of which the second sees what the first one overlooks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.functional.hiding import erase
from sltnet_mm.models.cam_head import CAMHead, conv_layers
from sltnet_mm.models.label_maps import add_label_maps, labels_of, of_labels
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class ACoLHead(CAMHead):
    r"""Adversarial complementary learning (Zhang et al., CVPR 2018).

    Two branches of convolutions and a 1x1 layer act on the same features F. Where the score map of the label in the
    first reaches ``threshold``, the features of the second are erased:

    .. math::
        L = L_{CE}(A(F)) + L_{CE}(B(F \odot \mathbb{1}[S^A_y < \delta])), \qquad
        M_c = \max(S^A_c, S^B_c)

    S are maps divided to [0, 1] per image. The gradient does not flow through the erasing mask. Labels are predicted by
    the first branch; its maps are ``head.cam``.

    Args:
        num_classes: See :class:`CAMHead`, also for the other arguments of both branches.
        in_channels: See :class:`CAMHead`.
        conv_channels: Of each branch; two of 1024 as published.
        threshold: In [0, 1]; 0.6 in the paper, 0.7 in wsolevaluation.
        loss: See :class:`CAMHead`.
        top_k: Not used: the map is that of one class.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        ValueError: If ``threshold`` is outside [0, 1], or (in training) a sample has no label.

    Example:
        >>> head = ACoLHead(num_classes=5, in_channels=8, conv_channels=(16,))
        >>> samples = [DataSample().set_gt_label(1), DataSample().set_gt_label(4)]
        >>> sorted(head.loss((torch.rand(2, 8, 7, 7),), samples))
        ['loss_cls', 'loss_erased']
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        conv_channels: Sequence[int] = (1024, 1024),
        threshold: float = 0.6,
        loss: dict | None = None,
        top_k: int | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f'ACoLHead: threshold must be in [0, 1], got {threshold}')
        if init_cfg is None:
            names = [dict(name='cam'), dict(name='cam_b')]
            init_cfg = [dict(type='Kaiming', layer='Conv2d'), dict(type='Normal', std=0.01, override=names)]
        super().__init__(
            num_classes, in_channels, loss, top_k, conv_channels, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg
        )
        self.threshold = threshold
        self.convs_b = conv_layers(in_channels, conv_channels)
        self.cam_b = nn.Conv2d(self.cam.in_channels, num_classes, 1, bias=False)

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses of both branches, ``loss_cls`` and ``loss_erased``."""
        self._check_labels(data_samples)
        maps = self.class_maps(feats)
        losses = self._classification_loss(maps.mean((2, 3)), data_samples)
        labels = labels_of(data_samples, maps.device, 'ACoLHead')
        erased = self._maps_b(feats[-1], of_labels(maps, labels))
        losses['loss_erased'] = self._get_loss(erased.mean((2, 3)), data_samples)['loss']
        return losses

    def _maps_b(self, features: Tensor, maps: Tensor) -> Tensor:
        """The second branch's class maps, B x C x h x w, after erasing by the first branch's map of a class."""
        scores = to_score_map(maps.detach(), maps.shape[-2:])
        return self.cam_b(self.convs_b(erase(features, scores, self.threshold)))

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Samples with the scores of the first branch, and the larger of both branches' score maps."""
        maps = self.class_maps(feats)
        logits = maps.mean((2, 3))
        data_samples = self._get_predictions(logits, data_samples)

        def maps_of(classes: Tensor) -> Tensor:
            first = of_labels(maps, classes)
            second = of_labels(self._maps_b(feats[-1], first), classes)
            return torch.maximum(*(to_score_map(each, each.shape[-2:]) for each in (first, second)))

        add_label_maps(data_samples, maps_of(logits.argmax(1)), maps_of)
        return data_samples
