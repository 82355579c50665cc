"""The head of PSOL's own regressor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sltnet_mm.functional.boxes import clip_boxes, unit_to_boxes
from sltnet_mm.models.box_head import BoxHead
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class PSOLHead(BoxHead):
    r"""The regressor's head of PSOL (Zhang et al., CVPR 2020), as ``bbox_head`` of ``mmdet.SingleStageDetector``.

    Mean over the cells, a layer of 512 with ReLU, and four sigmoids: the corner and the size of the box in [0, 1] of
    the network input, :math:`q = (x_1, y_1, w, h)`.

    .. math::
        L = 50 \cdot \frac{1}{4 B} \sum_b \sum_{i=1}^{4} (q_i - \hat q_i)^2

    The boxes are clipped to the network input; an image without a box does not count.

    Args:
        in_channels: Channels of the backbone's last feature map.
        feat_channels: Width of the hidden layer.
        loss_weight: Factor on the mean squared error.
        grid: The features are pooled to ``grid`` x ``grid`` cells and flattened; 1 is PSOL's mean over the cells, 7 its
            VGG16 with ``hidden_channels``.
        hidden_channels: Widths of layers in front of the hidden one, (4096, 4096) with VGG16.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a number is out of range, or ``train_cfg`` or ``test_cfg`` is not empty; when called, if the
            features have one cell; in training, if a sample has several boxes.

    Example:
        >>> PSOLHead(in_channels=8)((torch.rand(2, 8, 4, 4),)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        feat_channels: int = 512,
        loss_weight: float = 50.0,
        grid: int = 1,
        hidden_channels: Sequence[int] = (),
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(loss_weight, train_cfg, test_cfg, init_cfg)
        if grid < 1:
            raise ValueError(f'PSOLHead: grid must be at least 1, got {grid}')
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        channels = in_channels * grid**2
        for width in (*hidden_channels, feat_channels):
            layers += [nn.Linear(channels, width), nn.ReLU(inplace=True)]
            channels = width
        self.layers = nn.Sequential(*layers, nn.Linear(channels, 4), nn.Sigmoid())

    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The loss ``loss_bbox``, the mean over the samples that have a box.

        Args:
            feats: The backbone's feature maps.
            batch_data_samples: See :meth:`BoxHead.true_boxes`, with ``img_shape``.

        Raises:
            ValueError: If a sample has several boxes.
        """
        predicted = self(feats).float()
        boxes, weights = self.true_boxes(batch_data_samples, predicted)
        limits = predicted.new_tensor([sample.img_shape[1::-1] * 2 for sample in batch_data_samples])
        corners = (boxes / limits).clamp(0, 1)
        targets = torch.cat([corners[:, :2], corners[:, 2:] - corners[:, :2]], dim=1)
        error = (predicted - targets).square().mean(1)
        return dict(loss_bbox=self.loss_weight * (weights * error).sum() / weights.sum().clamp(min=1e-6))

    def predict_boxes(self, feats: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
        """Boxes in pixels of the network input ``size`` (h, w): B x 4 xyxy, clipped to the input."""
        x, y, width, height = self(feats).float().unbind(1)
        return clip_boxes(unit_to_boxes(torch.stack([x, y, x + width, y + height], 1), size), size)
