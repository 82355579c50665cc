"""The head of DANet: classifiers of species, family and order at three depths, with maps that shall differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.functional.divergence import divergence_loss
from sltnet_mm.models.cam_head import CAMHead, conv_layers
from sltnet_mm.models.class_hierarchy import as_hierarchy
from sltnet_mm.models.label_maps import add_label_maps, labels_of, of_labels
from sltnet_mm.registry import MODELS


class GroupMean(nn.Module):
    """The class maps B x C x h x w: the mean of the K maps of each class, which lie side by side in B x CK x h x w.

    Args:
        group: K.

    Example:
        >>> GroupMean(2)(torch.arange(4.0).view(1, 4, 1, 1)).flatten()
        tensor([0.5000, 2.5000])
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, maps: Tensor) -> Tensor:
        """The class maps, B x C x h x w."""
        return maps.unflatten(1, (-1, self.group)).mean(2)


@MODELS.register_module()
class DANetHead(CAMHead):
    r"""Divergent activation (Xue et al., ICCV 2019).

    Three classifiers act on features of three depths: of the roots (orders), the parents (families), and the children
    (the classes themselves). Each has K maps per class; their mean is the class map, whose mean is the logit.

    .. math::
        L = \tfrac{1}{2} (L_{root} + L_{parent} + L_{child}) + a \, L_{cos}

    :math:`L_{cos}` (:func:`sltnet_mm.functional.divergence_loss`) is that of the label's 3 K maps at the size of the
    root's; half of them are drawn in each step, the same for the whole batch. The map of a test is the sum over the
    levels of the mean of ReLU of the K maps: of the label and its groups, or of the best class of each level.

    Args:
        num_classes: Children, see :class:`CAMHead`.
        hierarchy: csv file (:func:`~sltnet_mm.models.class_hierarchy.read_hierarchy`), or pairs (parent, root), one for
            each class.
        level_channels: Channels of the features of root, parent and child, the last three that the backbone returns.
        level_convs: Channels of two 3x3 convolutions at each level.
        group: K; 8 with VGG16, 4 with InceptionV3.
        cos_weight: a; 0.01 in the authors' script.
        in_channels: Must be that of the child's features.
        conv_channels: Must be empty or that of the child: ``level_convs`` names it.
        loss: See :class:`CAMHead`.
        top_k: Not used: the map is that of one class.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        FileNotFoundError: If the file of the hierarchy does not exist.
        ValueError: If the hierarchy does not cover the classes, a number is out of range, or (when called) the backbone
            returns fewer than three levels.
    """

    def __init__(
        self,
        num_classes: int,
        hierarchy: str | Path | Sequence[Sequence[str]],
        level_channels: Sequence[int] = (256, 512, 512),
        level_convs: Sequence[int] = (512, 1024, 1024),
        group: int = 8,
        cos_weight: float = 0.01,
        in_channels: int | None = None,
        conv_channels: Sequence[int] = (),
        loss: dict | None = None,
        top_k: int | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        if len(level_channels) != 3 or len(level_convs) != 3:
            raise ValueError(
                'DANetHead: level_channels and level_convs must have three numbers, for root, parent and child, got '
                f'{tuple(level_channels)} and {tuple(level_convs)}'
            )
        if group < 2 or cos_weight < 0:
            raise ValueError(
                f'DANetHead: group must be at least 2 and cos_weight not negative, got {group}, {cos_weight}'
            )
        if in_channels not in (None, level_channels[-1]):
            raise ValueError(f"DANetHead: in_channels must be the child's {level_channels[-1]}, got {in_channels}")
        init_cfg = init_cfg or dict(type='Xavier', layer='Conv2d')
        child = (level_convs[2], level_convs[2])
        super().__init__(
            num_classes, level_channels[-1], loss, top_k, child, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg
        )
        tree = as_hierarchy(hierarchy, num_classes)
        self.register_buffer('groups', torch.tensor([tree.roots, tree.parents]), persistent=False)
        counts = (max(tree.roots) + 1, max(tree.parents) + 1)
        self.convs_of_level = nn.ModuleList(
            conv_layers(channels, (width, width))
            for channels, width in zip(level_channels[:2], level_convs, strict=False)
        )
        self.maps_of_level = nn.ModuleList(
            nn.Conv2d(width, count * group, 1, bias=False)
            for width, count in zip(level_convs, (*counts, num_classes), strict=True)
        )
        self.cam: Any = GroupMean(group)
        self.cos_weight = cos_weight

    def class_maps(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Class maps of the children, B x C x h x w: the mean of their K maps."""
        return self.cam(self._child_maps(feats))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits of the children, B x C."""
        return self.class_maps(feats).mean((2, 3))

    def _all_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The K maps of every class, B x C x K x h x w, of root, parent and child."""
        if len(feats) < 3:
            raise ValueError(f'DANetHead needs three levels of the backbone (out_indices or taps), got {len(feats)}')
        levels: Any = zip(self.convs_of_level, self.maps_of_level, feats[-3:-1], strict=False)
        maps: list[Tensor] = [layer(convs(features)) for convs, layer, features in levels]
        maps.append(self._child_maps(feats))
        self.cam(maps[-1])  # for hooks, which see the class maps
        return [each.unflatten(1, (-1, self.cam.group)) for each in maps]

    def _child_maps(self, feats: Sequence[Tensor]) -> Tensor:
        """The K maps of every class side by side, B x CK x h x w."""
        return self.maps_of_level[2](self.pre_logits(tuple(feats)))

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls``, ``loss_parent``, ``loss_root`` and ``loss_cos``."""
        self._check_labels(data_samples)
        maps = self._all_maps(feats)
        root, parent, child = [each.mean((2, 3, 4)) for each in maps]
        labels = labels_of(data_samples, child.device, 'DANetHead')
        of_root, of_parent = self.groups[:, labels]
        losses = {name: 0.5 * value for name, value in self._classification_loss(child, data_samples).items()}
        losses['loss_parent'] = 0.5 * F.cross_entropy(parent.float(), of_parent)
        losses['loss_root'] = 0.5 * F.cross_entropy(root.float(), of_root)
        size = maps[0].shape[-2:]
        stack = torch.cat(
            [
                F.interpolate(of_labels(each, classes).float(), size, mode='bilinear', align_corners=True)
                for each, classes in zip(maps, (of_root, of_parent, labels), strict=True)
            ],
            dim=1,
        )
        drawn = torch.randperm(stack.shape[1])[: stack.shape[1] // 2].to(stack.device, non_blocking=True)
        losses['loss_cos'] = self.cos_weight * divergence_loss(stack[:, drawn])
        return losses

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Samples with the child's scores, and the sum of the three levels' maps."""
        maps = self._all_maps(feats)
        logits = [each.mean((2, 3, 4)) for each in maps]
        data_samples = self._get_predictions(logits[2], data_samples)
        size = maps[0].shape[-2:]

        def maps_of(chosen: Sequence[Tensor]) -> Tensor:
            parts = [
                of_labels(each, index).relu().mean(1, keepdim=True) for each, index in zip(maps, chosen, strict=True)
            ]
            resized = [F.interpolate(part, size, mode='bilinear', align_corners=True) for part in parts]
            return torch.cat(resized, 1).sum(1)

        best = maps_of([each.argmax(1) for each in logits])
        add_label_maps(data_samples, best, lambda labels: maps_of([*self.groups[:, labels], labels]))
        return data_samples
