"""A classification head whose logits are the spatial means of class maps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.logging import print_log
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sltnet_mm.functional.pooling import thresholded_average_pool
from sltnet_mm.models.predictions import add_localization
from sltnet_mm.registry import MODELS

POOLINGS = ('mean', 'max', 'tap')


@MODELS.register_module()
class CAMHead(ClsHead):
    r"""The CAM head of SLT-Net's localizer (Guo et al., CVPR 2021, Sec. 3.2; after Zhou et al., CVPR 2016).

    A 1x1 convolution without bias turns the features F into the class maps of eq. 7; their spatial means are the
    logits:

    .. math::
        M_c = \sum_{n=1}^{N} w_{n,c} \cdot F_n, \qquad x_c = \frac{1}{W \times H} \sum_{(w,h)} M_c(w, h)

    Averaging the maps equals pooling the features first (eq. 6), since both are linear. ``head.cam`` is the
    convolution: a forward hook on it sees the raw class maps M (B x C x h x w). Other ways to pool the features change
    the logits only: their maximum (GMP), or the mean of the cells above a fraction of it (TAP, Bae et al., ECCV 2020).

    Args:
        num_classes: C, at least 2.
        in_channels: Channels of the backbone's last feature map.
        loss: Config of the loss: :class:`SMTLoss` for SLT-Net's localizer, ``mmpretrain.CrossEntropyLoss`` (default)
            for a plain CAM. It is logged under its ``loss_name`` (``loss_smt``) or as ``loss_cls``; the key ``loss`` is
            mmengine's total.
        top_k: K of ACAM (eq. 9) in predictions. None takes the loss' ``top_k``, or 1 (the map of the predicted class)
            if the loss has none.
        conv_channels: Output channels of 3x3 convolutions with ReLU in front of ``cam``; ``(1024,)`` is conv6 of
            VGG16-CAM.
        pooling: How the features of a channel are pooled: ``mean``, ``max`` (GMP) or ``tap``, the mean over the cells
            above ``tap_threshold`` times the maximum.
        tap_threshold: In [0, 1).
        positive_weights: Predict maps without the negative weights (NWC of Bae et al.). The logits keep all weights.
        cal_acc: Log the training accuracy, as in mmpretrain.
        topk: The k's of that accuracy (mmpretrain's name; not K).
        init_cfg: By default, a normal distribution of std 0.01 for ``cam``, as in mmpretrain's LinearClsHead, and
            Kaiming for the convolutions in front of it.

    Raises:
        TypeError: If (when called) the features are not a tensor.
        ValueError: If a value is out of range or (when called) the features cannot give class maps, see
            ``check_features``.

    Example:
        >>> import torch
        >>> head = CAMHead(num_classes=5, in_channels=8, loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4))
        >>> head((torch.rand(2, 8, 7, 7),)).shape
        torch.Size([2, 5])
        >>> head.class_maps((torch.rand(2, 8, 7, 7),)).shape
        torch.Size([2, 5, 7, 7])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: dict | None = None,
        top_k: int | None = None,
        conv_channels: Sequence[int] = (),
        pooling: str = 'mean',
        tap_threshold: float = 0.1,
        positive_weights: bool = False,
        cal_acc: bool = False,
        topk: int | Sequence[int] = (1,),
        init_cfg: dict | list | None = None,
    ) -> None:
        if num_classes < 2:
            raise ValueError(f'CAMHead: num_classes must be at least 2, got {num_classes}')
        if pooling not in POOLINGS:
            raise ValueError(f'CAMHead: pooling must be one of {", ".join(POOLINGS)}, got {pooling!r}')
        if not 0 <= tap_threshold < 1:
            raise ValueError(f'CAMHead: tap_threshold must be in [0, 1), got {tap_threshold}')
        loss = loss or dict(type='mmpretrain.CrossEntropyLoss')
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(type='Normal', std=0.01, override=dict(name='cam')),
            ]
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        loss_top_k = getattr(self.loss_module, 'top_k', None)
        self.top_k = next(k for k in (top_k, loss_top_k, 1) if k is not None)
        for name, k in (("the loss' top_k", loss_top_k), ('top_k', self.top_k)):
            if k is not None and not 1 <= k <= num_classes:
                raise ValueError(f'CAMHead: {name} must be in 1 ... num_classes ({num_classes}), got {k}')
        if loss_top_k == num_classes:
            print_log(
                f"CAMHead: the loss' top_k is {loss_top_k}, the number of classes: L_SMT tolerates every mistake. Take "
                f'about 15 % of the classes, at least 1 (the paper: 30 of 200)',
                logger='current',
                level=logging.WARNING,
            )
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.pooling, self.tap_threshold, self.positive_weights = pooling, tap_threshold, positive_weights
        self.convs = conv_layers(in_channels, conv_channels)
        self.cam = nn.Conv2d(([in_channels, *conv_channels])[-1], num_classes, 1, bias=False)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The features that the maps are made of, B x N x h x w."""
        features = feats[-1] if isinstance(feats, (tuple, list)) else feats
        check_features(features, self.in_channels)
        return self.convs(features)

    def class_maps(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Raw class maps M (eq. 7), B x C x h x w."""
        return self.cam(self.pre_logits(feats))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, B x C: the spatial means of the class maps, or the classifier on features pooled otherwise."""
        features = self.pre_logits(feats)
        return self._logits(features, self.cam(features))  # the maps are made in any case, for hooks on ``cam``

    def maps_and_logits(self, feats: tuple[Tensor, ...], positive: bool = False) -> tuple[Tensor, Tensor]:
        """Class maps, B x C x h x w, and logits, B x C.

        Args:
            feats: The backbone's feature maps.
            positive: Give the maps without the negative weights; the logits keep all.
        """
        features = self.pre_logits(feats)
        maps = self.cam(features)
        logits = self._logits(features, maps)
        return (F.conv2d(features, self.cam.weight.clamp(min=0)) if positive else maps), logits

    def _logits(self, features: Tensor, maps: Tensor) -> Tensor:
        if self.pooling == 'mean':
            return maps.mean(dim=(2, 3))
        if self.pooling == 'max':
            pooled = features.amax(dim=(2, 3))
        else:
            pooled = thresholded_average_pool(features, self.tap_threshold)
        return F.linear(pooled, self.cam.weight.flatten(1))

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The losses, under their own names: mmengine logs the total as ``loss`` and would overwrite that key.

        Args:
            feats: The backbone's feature maps.
            data_samples: B samples with ``gt_label``.

        Returns:
            Dict of losses, and of accuracies with ``cal_acc``.

        Raises:
            ValueError: If a label is not below ``num_classes`` (checked on the CPU only).
        """
        self._check_labels(data_samples)
        return self._classification_loss(self(feats), data_samples)

    def _classification_loss(self, logits: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        losses = self._get_loss(logits, data_samples)
        losses[getattr(self.loss_module, 'loss_name', 'loss_cls')] = losses.pop('loss')
        return losses

    def _check_labels(self, data_samples: list[DataSample]) -> None:
        """Raise if a label is beyond the classes; on the CPU only, since reading another device would stall it."""
        for sample in data_samples:
            if 'gt_label' in sample and sample.gt_label.device.type == 'cpu' and sample.gt_label.numel():
                if int(sample.gt_label.max()) >= self.num_classes:
                    raise ValueError(
                        f'CAMHead: num_classes is {self.num_classes}, but a sample has the label '
                        f'{int(sample.gt_label.max())} ({sample.get("img_path", "file unknown")}); set num_classes to '
                        "the number of the data set's classes"
                    )

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Scores and class maps and, if the samples have an ``img_shape``, ACAM as a score map at that size.

        Args:
            feats: The backbone's feature maps.
            data_samples: B samples, or None for new ones.

        Returns:
            Samples with ``pred_score`` (C), ``pred_label`` (1), ``pred_maps`` (see ``add_localization``) and
            ``pred_score_map``.
        """
        maps, logits = self.maps_and_logits(feats, self.positive_weights)
        data_samples = self._get_predictions(logits, data_samples)
        add_localization(data_samples, maps, logits, self.top_k)
        return data_samples


def conv_layers(in_channels: int, conv_channels: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Convolutions 3x3 with ReLU, each behind a dropout if there is one.

    Example:
        >>> [type(layer).__name__ for layer in conv_layers(8, (16,))]
        ['Conv2d', 'ReLU']
    """
    layers: list[nn.Module] = []
    for channels in conv_channels:
        layers += [nn.Dropout(dropout)] if dropout else []
        layers += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
        in_channels = channels
    return nn.Sequential(*layers)


def check_features(features: Any, in_channels: int) -> None:
    """Raise if a backbone's output cannot give class maps; the message says which setting to change.

    Args:
        features: Should be a tensor, B x N x h x w with more than one cell.
        in_channels: N.

    Raises:
        TypeError: If ``features`` is not a tensor.
        ValueError: If ``features`` has another shape.

    Example:
        >>> import torch
        >>> check_features(torch.zeros(2, 8, 7, 7), 8)
        >>> check_features(torch.zeros(2, 50, 8), 8)
        Traceback (most recent call last):
        ValueError: CAMHead needs feature maps B x N x h x w, got shape (2, 50, 8): a sequence of tokens; ...
    """
    need = 'CAMHead needs feature maps B x N x h x w'
    if not isinstance(features, Tensor):
        raise TypeError(
            f'{need}, got {type(features).__name__} as the last output of the backbone: use a backbone with maps, or '
            "out_type='featmap' for a vision transformer of mmpretrain"
        )
    shape = tuple(features.shape)
    if features.ndim == 3:
        raise ValueError(
            f"{need}, got shape {shape}: a sequence of tokens; set out_type='featmap' for mmpretrain's vision "
            "transformers, features_only=True for timm's"
        )
    if features.ndim != 4:
        raise ValueError(
            f"{need}, got shape {shape}: pooled features; set neck=None and, in the backbone, out_type='featmap' "
            '(vision transformers) or gap_before_final_norm=False (ConvNeXt)'
        )
    if shape[1] != in_channels:
        last = '; its channels come last, use a backbone that puts them first' if shape[3] == in_channels else ''
        raise ValueError(
            f'CAMHead: in_channels is {in_channels}, the backbone gives {shape[1]} channels (shape {shape}){last}. Set '
            f'in_channels to the channels of its last output, or out_indices to another output'
        )
    if shape[2] * shape[3] == 1:
        raise ValueError(
            f'{need}, got shape {shape}: a map of one cell cannot localize; set neck=None, a smaller stride '
            '(ResNet: strides=(1, 2, 2, 1)), or larger images'
        )
