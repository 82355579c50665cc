"""The head of SPG: branches that tell object from background, taught by the class map and by one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.functional.resize import resize_maps
from sltnet_mm.functional.targets import IGNORED, ternary_targets
from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.models.label_maps import labels_of, of_labels
from sltnet_mm.registry import MODELS

Thresholds = tuple[float, float]


@MODELS.register_module()
class SPGHead(CAMHead):
    r"""Self-produced guidance (Zhang et al., ECCV 2018).

    Branch B1 acts on features of middle depth, B2 on deeper ones, C on those that the class maps are made of. Each
    predicts one map of logits. Confident cells of one map are targets of the next: of the label's score map for B2, of
    B2 for B1, of the mean of both for C (:func:`sltnet_mm.functional.ternary_targets`; other cells are ignored).

    .. math::
        L = L_{CE} + L_{B2}(T(S_y)) + L_{B1}(T(\sigma(B_2))) + L_C(T(\tfrac{1}{2}(\sigma(B_1) + \sigma(B_2))))

    Losses are binary cross entropies at the size of the network input. The first layers of B1 and B2 differ, the
    following ones are shared. A test uses the class map alone, and no dropout (the authors' code left it on).

    Args:
        num_classes: See :class:`CAMHead`, also for the arguments that are not listed here.
        in_channels: Channels of the last feature map, that of the class maps.
        branch_channels: Channels of the maps that B1 and B2 act on, the first two that the backbone returns.
        conv_channels: In front of the class maps; two of 1024 as published.
        hidden_channels: Of the branches.
        cam_thresholds: (low, high) on the score map of the label; (0.01, 0.7) in wsolevaluation.
        b2_thresholds: (low, high) on B2.
        mean_thresholds: (low, high) on the mean of B1 and B2.
        min_cells: If fewer cells are above ``high``, those above ``high`` times the maximum of the map are taken.
        loss: See :class:`CAMHead`.
        top_k: See :class:`CAMHead`.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        ValueError: If thresholds are out of order, or (in training) the backbone returns fewer than two levels, or a
            sample has no label or no ``img_shape``.

    Example:
        >>> head = SPGHead(num_classes=5, in_channels=8, branch_channels=(4, 8), conv_channels=(16,))
        >>> samples = [DataSample(metainfo=dict(img_shape=(32, 32))).set_gt_label(1)]
        >>> sorted(head.loss((torch.rand(1, 4, 8, 8), torch.rand(1, 8, 4, 4)), samples))
        ['loss_b1', 'loss_b2', 'loss_c', 'loss_cls']
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        branch_channels: Sequence[int],
        conv_channels: Sequence[int] = (1024, 1024),
        hidden_channels: int = 512,
        cam_thresholds: Thresholds = (0.05, 0.7),
        b2_thresholds: Thresholds = (0.05, 0.5),
        mean_thresholds: Thresholds = (0.1, 0.7),
        min_cells: int = 30,
        loss: dict | None = None,
        top_k: int | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, loss, top_k, conv_channels, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg
        )
        if len(branch_channels) != 2:
            raise ValueError(f'SPGHead: branch_channels must be two numbers, got {tuple(branch_channels)}')
        for low, high in (cam_thresholds, b2_thresholds, mean_thresholds):
            ternary_targets(torch.zeros(1), low, high)  # raises
        self.cam_thresholds, self.b2_thresholds, self.mean_thresholds = cam_thresholds, b2_thresholds, mean_thresholds
        self.min_cells = min_cells
        self.b1, self.b2 = (_conv(channels, hidden_channels) for channels in branch_channels)
        self.shared = nn.Sequential(_conv(hidden_channels, hidden_channels), nn.Conv2d(hidden_channels, 1, 1))
        self.c = nn.Sequential(_conv(self.cam.in_channels, hidden_channels), nn.Conv2d(hidden_channels, 1, 1))

    def init_weights(self) -> None:
        """Initialize as mmengine does; the maps of the branches start near 1/2."""
        super().init_weights()
        for branch in (self.shared, self.c):
            last: Any = branch[-1]
            nn.init.normal_(last.weight, std=0.001)

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls``, ``loss_b1``, ``loss_b2`` and ``loss_c``."""
        if len(feats) < 2:
            raise ValueError(
                f'SPGHead needs at least two levels of the backbone (out_indices or taps), got {len(feats)}'
            )
        self._check_labels(data_samples)
        features = self.pre_logits(feats)
        maps = self.cam(features)
        losses = self._classification_loss(maps.mean((2, 3)), data_samples)
        size = tuple(data_samples[0].img_shape[:2])
        scores = to_score_map(of_labels(maps, labels_of(data_samples, maps.device, 'SPGHead')).detach(), size)
        logits = dict(b1=self.shared(self.b1(feats[0])), b2=self.shared(self.b2(feats[1])), c=self.c(features))
        logits = {name: resize_maps(each, size)[:, 0].float() for name, each in logits.items()}
        b1, b2 = (logits[name].detach().sigmoid() for name in ('b1', 'b2'))
        for name, guide, thresholds in (
            ('b2', scores, self.cam_thresholds),
            ('b1', b2, self.b2_thresholds),
            ('c', (b1 + b2) / 2, self.mean_thresholds),
        ):
            losses[f'loss_{name}'] = guided_loss(logits[name], guide, *thresholds, self.min_cells)
        return losses


def guided_loss(logits: Tensor, guide: Tensor, low: float, high: float, min_cells: int) -> Tensor:
    """Binary cross entropy of logits with the confident cells of a guide, the mean over all of them.

    Args:
        logits: B x H x W.
        guide: B x H x W in [0, 1].
        low: Below it, a cell is background.
        high: Above it, a cell is object.
        min_cells: If an image has fewer object cells, they are those above ``high`` times its maximum.

    Returns:
        A scalar; 0 if no cell is confident.

    Example:
        >>> guided_loss(torch.zeros(1, 1, 3), torch.tensor([[[0.0, 0.5, 1.0]]]), 0.1, 0.7, 1)
        tensor(0.6931)
    """
    targets = ternary_targets(guide, low, high)
    few = (targets == 1).sum((1, 2), keepdim=True) < min_cells
    targets = targets.masked_fill(few & (guide > high * guide.amax((1, 2), keepdim=True)) & (guide >= low), 1)
    counted = targets != IGNORED
    losses = F.binary_cross_entropy_with_logits(logits, (targets == 1).to(logits.dtype), reduction='none')
    return torch.where(counted, losses, 0).sum() / counted.sum().clamp(min=1)


def _conv(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU(inplace=True))
