"""The head of I2C: features of one class shall be alike, in a pair of images and over the data set."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from mmpretrain.structures import DataSample
from torch import Tensor

from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.models.cam_head import CAMHead, conv_layers
from sltnet_mm.models.label_maps import labels_of, of_labels
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class I2CHead(CAMHead):
    r"""Inter-image communication (Zhang et al., ECCV 2020).

    A batch is made of pairs of the same class (:class:`~sltnet_mm.datasets.SameClassPairs`). Seeds are cells of the
    features F, drawn where the score map of the label is above ``threshold``.

    .. math::
        L = L_{CE} + w_l \, \overline{\lVert f_{1,n} - f_{2,n} \rVert}
        + w_g \, \overline{\lVert \bar f - b_y \rVert}

    The first mean is over the seeds of the pairs, the second over the pairs, whose mean seed feature is :math:`\bar f`.
    The bank :math:`b_y` of each class follows as :math:`b \leftarrow (1 - r) b + r \bar f` with
    :math:`r = \exp(-0.002\, t)` after t updates, the first time as a copy. It is a buffer, and has no gradient. With
    several processes, all update it with the pairs of all of them, in the order of the ranks.

    Args:
        num_classes: See :class:`CAMHead`, also for the arguments that are not listed here.
        in_channels: Channels N of the features.
        conv_channels: In front of the class maps; two of 1024 as published.
        dropout: In front of each convolution; 0.5 as published.
        average: Side of an average pooling of stride 1 over the features; 3 with VGG16, 1 for none.
        seeds: Number of seeds of each image. Fewer foreground cells are repeated.
        threshold: Of the foreground, in [0, 1).
        local_weight: :math:`w_l`.
        global_weight: :math:`w_g`.
        loss: See :class:`CAMHead`.
        top_k: See :class:`CAMHead`.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        ValueError: If a number is out of range, or (in training) images 2i and 2i + 1 are not of one class (checked on
            the CPU only) or their number is odd.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        conv_channels: Sequence[int] = (1024, 1024),
        dropout: float = 0.5,
        average: int = 1,
        seeds: int = 3,
        threshold: float = 0.7,
        local_weight: float = 0.008,
        global_weight: float = 0.001,
        loss: dict | None = None,
        top_k: int | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        if seeds < 1 or not 0 <= threshold < 1 or min(local_weight, global_weight) < 0 or average % 2 == 0:
            raise ValueError(
                'I2CHead: seeds must be at least 1, threshold in [0, 1), the weights not negative and average odd, got '
                f'{seeds}, {threshold}, {local_weight}, {global_weight}, {average}'
            )
        super().__init__(
            num_classes, in_channels, loss, top_k, conv_channels, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg
        )
        self.convs = conv_layers(in_channels, conv_channels, dropout)
        self.average, self.seeds, self.threshold = average, seeds, threshold
        self.local_weight, self.global_weight = local_weight, global_weight
        self.bank: Tensor
        self.updates: Tensor
        self.register_buffer('bank', torch.zeros(num_classes, in_channels))
        self.register_buffer('updates', torch.zeros(num_classes))

    def _pooled(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if self.average == 1:
            return feats
        return (*feats[:-1], F.avg_pool2d(feats[-1], self.average, 1, self.average // 2))

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The features that the maps are made of, B x N x h x w."""
        return super().pre_logits(self._pooled(feats))

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls``, ``loss_local`` and ``loss_global``; updates the bank."""
        self._check_labels(data_samples)
        maps = self.class_maps(feats)
        losses = self._classification_loss(maps.mean((2, 3)), data_samples)
        labels = labels_of(data_samples, maps.device, 'I2CHead')
        _check_pairs(labels)
        scores = to_score_map(of_labels(maps, labels).detach(), maps.shape[-2:])
        features = self._seed_features(self._pooled(feats)[-1].float(), scores)  # B x S x N
        first, second = features[0::2], features[1::2]
        losses['loss_local'] = self.local_weight * (first - second).norm(dim=2).mean()
        means, classes = torch.cat([first, second], 1).mean(1), labels[0::2]
        known = self.updates[classes] > 0
        distance = torch.where(known, (means - self.bank[classes]).norm(dim=1), 0)
        losses['loss_global'] = self.global_weight * distance.mean()
        self._update_bank(means.detach(), classes)
        return losses

    def _seed_features(self, features: Tensor, scores: Tensor) -> Tensor:
        """The features of drawn foreground cells, B x S x N."""
        foreground = (scores > self.threshold).flatten(1)
        order = (
            torch.rand(foreground.shape, device=features.device)
            .masked_fill(~foreground, -1)
            .argsort(1, descending=True)
        )
        count = foreground.sum(1, keepdim=True).clamp(min=1)
        places = torch.arange(self.seeds, device=features.device) % count  # fewer cells than seeds are repeated
        cells = order.gather(1, places)
        return features.flatten(2).gather(2, cells[:, None].expand(-1, features.shape[1], -1)).transpose(1, 2)

    @torch.no_grad()
    def _update_bank(self, means: Tensor, classes: Tensor) -> None:
        """Move the bank by the pairs of all processes, one after another."""
        means, classes = torch.cat(all_gather(means.contiguous())), torch.cat(all_gather(classes.contiguous()))
        for mean, index in zip(means.split(1), classes.split(1), strict=True):
            count, old = self.updates[index], self.bank[index]
            rate = torch.exp(-0.002 * count)[:, None]
            self.bank.index_copy_(0, index, torch.where(count[:, None] > 0, (1 - rate) * old + rate * mean, mean))
            self.updates.index_copy_(0, index, count + 1)


def _check_pairs(labels: Tensor) -> None:
    if len(labels) % 2 or (labels.device.type == 'cpu' and not torch.equal(labels[0::2], labels[1::2])):
        raise ValueError(
            'I2CHead needs batches of pairs of the same class: images 2i and 2i + 1. Set an even batch_size and '
            f"sampler=dict(type='sltnet_mm.SameClassPairs'), got the labels {labels.tolist()[:8]}"
        )
