"""TriLite: three channels on the patches of a frozen vision transformer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.models.label_maps import labels_of
from sltnet_mm.models.predictions import add_maps
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class TriLiteHead(CAMHead):
    r"""TriLite's head (arXiv 2602.23120): foreground, background and what is neither, on a frozen transformer.

    A 3x3 convolution without bias, batch norm and a softmax over the channels give each patch t the three shares
    :math:`f_t + b_t + a_t = 1`. One linear classifier reads the class token, another one, g, the means of the patches
    weighted by f and by b; both have a dropout in front:

    .. math::
        L = L_{CE}(g_{cls}(z_{cls})) + L_{CE}(g(z_f)) - \alpha \log(1 - p_y(z_b)), \qquad
        z_f = \frac{\sum_t f_t z_t}{\sum_t f_t}, \quad p = \text{softmax} \, g

    The map is f, the same for every class. The labels of a test are those of the class token.

    Args:
        num_classes: C.
        in_channels: Channels D of a token.
        alpha: Weight of the background's loss: 100 on CUB, 500 on ILSVRC2012, 3 on OpenImages30k.
        dropout: Of the classifiers: 0.5 on CUB, 0.25 on ILSVRC2012.
        extra_tokens: Tokens in front of those of the patches; the first is the class token.
        loss: See :class:`CAMHead`, of the two cross entropies.
        cal_acc: See :class:`CAMHead`.
        topk: See :class:`CAMHead`.
        init_cfg: See :class:`CAMHead`.

    Raises:
        ValueError: If a number is out of range, or (when called) the features are no tokens of a square image.

    Example:
        >>> head = TriLiteHead(num_classes=5, in_channels=8)
        >>> tokens = torch.rand(2, 1 + 4 * 4, 8)
        >>> head((tokens,)).shape, head.class_maps((tokens,)).shape
        (torch.Size([2, 5]), torch.Size([2, 3, 4, 4]))
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        alpha: float = 100.0,
        dropout: float = 0.5,
        extra_tokens: int = 1,
        loss: dict | None = None,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        if alpha < 0 or not 0 <= dropout < 1 or extra_tokens < 1:
            raise ValueError(
                'TriLiteHead: alpha must not be negative, dropout in [0, 1) and extra_tokens at least 1, got '
                f'{alpha}, {dropout}, {extra_tokens}'
            )
        init_cfg = init_cfg or [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Normal', layer='Linear', std=0.01),
        ]
        super().__init__(num_classes, in_channels, loss, cal_acc=cal_acc, topk=topk, init_cfg=init_cfg)
        self.cam: Any = nn.Sequential(
            nn.Conv2d(in_channels, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.Softmax(dim=1)
        )
        self.fc = nn.Sequential(nn.Dropout(dropout), nn.Linear(in_channels, num_classes))
        self.patch_fc = nn.Sequential(nn.Dropout(dropout), nn.Linear(in_channels, num_classes))
        self.alpha, self.extra_tokens = alpha, extra_tokens

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The patches as feature maps, B x D x h x w."""
        tokens = self._tokens(feats)
        side = math.isqrt(tokens.shape[1] - self.extra_tokens)
        return tokens[:, self.extra_tokens :].transpose(1, 2).unflatten(2, (side, side))

    def _tokens(self, feats: tuple[Tensor, ...]) -> Tensor:
        tokens = feats[-1] if isinstance(feats, (tuple, list)) else feats
        need = (
            "TriLiteHead needs tokens B x (1 + h w) x D of square images (out_type='raw' of mmpretrain's transformers)"
        )
        if not isinstance(tokens, Tensor) or tokens.ndim != 3 or tokens.shape[2] != self.in_channels:
            raise ValueError(f'{need} with D = {self.in_channels}, got {tuple(getattr(tokens, "shape", ()))}')
        patches = tokens.shape[1] - self.extra_tokens
        if patches < 2 or math.isqrt(patches) ** 2 != patches:
            raise ValueError(f'{need}, got {patches} patches: resize both sides to one length (sltnet_mm.ResizeCrop)')
        return tokens

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits of the class token, B x C."""
        self.class_maps(feats)  # for hooks on ``cam``
        return self.fc(self._tokens(feats)[:, 0])

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses ``loss_cls``, ``loss_foreground`` and ``loss_background``."""
        self._check_labels(data_samples)
        patches = self.pre_logits(feats)
        foreground, background, _ = self.cam(patches).unbind(1)
        labels = labels_of(data_samples, patches.device, 'TriLiteHead')
        losses = self._classification_loss(self.fc(self._tokens(feats)[:, 0]), data_samples)
        logits = self.patch_fc(weighted_mean(patches, foreground))
        losses['loss_foreground'] = self._get_loss(logits, data_samples)['loss']
        of_background = self.patch_fc(weighted_mean(patches, background)).float()
        others = torch.ones_like(of_background).scatter(1, labels[:, None], 0).bool()
        # log(1 - p_y) = log of the sum of the others' probabilities, also where p_y rounds to 1
        log_others = of_background.log_softmax(1).masked_fill(~others, -torch.inf).logsumexp(1)
        losses['loss_background'] = -self.alpha * log_others.mean()
        return losses

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Samples with the class token's scores and the foreground as the map of every class."""
        foreground = self.class_maps(feats)[:, 0].float()
        data_samples = self._get_predictions(self.fc(self._tokens(feats)[:, 0]), data_samples)
        maps = dict(top_k=foreground, top_1=foreground)
        if all('gt_label' in sample for sample in data_samples):
            maps['label'] = foreground
        add_maps(data_samples, maps)
        return data_samples


def weighted_mean(features: Tensor, weights: Tensor) -> Tensor:
    """The mean over the cells of features B x D x h x w with weights B x h x w, B x D.

    Example:
        >>> weighted_mean(torch.tensor([[[[1.0, 5.0]]]]), torch.tensor([[[3.0, 1.0]]]))
        tensor([[2.]])
    """
    total = weights.sum((1, 2)).clamp(min=1e-6)[:, None]
    return (features * weights[:, None]).sum((2, 3)) / total
