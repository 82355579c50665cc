"""The head of PSOL's own regressor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from sltnet_mm.functional.boxes import boxes_to_unit, clip_boxes, unit_to_boxes
from sltnet_mm.registry import MODELS
from sltnet_mm.structures.frames import boxes_to_original


@MODELS.register_module()
class PSOLHead(BaseModule):
    r"""The regressor's head of PSOL (Zhang et al., CVPR 2020), as ``bbox_head`` of ``mmdet.SingleStageDetector``.

    Mean over the cells, a layer of 512 with ReLU, and four sigmoids: the corner and the size of the box in [0, 1] of
    the network input, :math:`q = (x_1, y_1, w, h)`.

    .. math::
        L = 50 \cdot \frac{1}{4 B} \sum_b \sum_{i=1}^{4} (q_i - \hat q_i)^2

    Training reads one box per image from ``gt_instances.bboxes`` (pixels of the network input), clipped to the input;
    an image without a box does not count.

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
        ValueError: If a number is out of range, or ``train_cfg`` or ``test_cfg`` is not empty; in training, if a sample
            has several boxes.

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
        super().__init__(init_cfg)
        if loss_weight < 0 or grid < 1:
            raise ValueError(f'PSOLHead: loss_weight must be >= 0 and grid at least 1, got {loss_weight} and {grid}')
        for name, settings in (('train_cfg', train_cfg), ('test_cfg', test_cfg)):
            if settings:
                raise ValueError(f'PSOLHead has no {name}, got {dict(settings)}')
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        channels = in_channels * grid**2
        for width in (*hidden_channels, feat_channels):
            layers += [nn.Linear(channels, width), nn.ReLU(inplace=True)]
            channels = width
        self.layers = nn.Sequential(*layers, nn.Linear(channels, 4), nn.Sigmoid())
        self.loss_weight = loss_weight

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Corner and size in [0, 1], B x 4, from the last of the feature maps, B x N x h x w."""
        return self.layers(feats[-1])

    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The loss ``loss_bbox``."""
        predicted = self(feats).float()
        targets, counted = torch.zeros_like(predicted), torch.zeros_like(predicted[:, :1])
        for i, sample in enumerate(batch_data_samples):
            boxes = sample.gt_instances.bboxes
            boxes = getattr(boxes, 'tensor', boxes)
            if len(boxes) > 1:
                raise ValueError(
                    f'PSOLHead trains on one box per image, but {sample.get("img_path", "a sample")} has {len(boxes)}'
                )
            if len(boxes):
                size = tuple(sample.img_shape[:2])
                x1, y1, x2, y2 = boxes_to_unit(clip_boxes(boxes.to(predicted), size), size)[0]
                targets[i], counted[i] = torch.stack([x1, y1, x2 - x1, y2 - y1]), 1
        error = ((predicted - targets).square() * counted).sum() / (4 * counted.sum().clamp(min=1))
        return dict(loss_bbox=self.loss_weight * error)

    def predict_boxes(self, feats: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
        """Boxes in pixels of the network input ``size`` (h, w): B x 4 xyxy, clipped to the input."""
        x, y, width, height = self(feats).float().unbind(1)
        return clip_boxes(unit_to_boxes(torch.stack([x, y, x + width, y + height], 1), size), size)

    def predict(
        self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement], rescale: bool = True
    ) -> list[InstanceData]:
        """One box per image, with label 0 and score 1."""
        boxes = self.predict_boxes(feats, tuple(batch_data_samples[0].img_shape[:2]))
        if rescale:
            boxes = boxes_to_original(boxes, [sample.metainfo for sample in batch_data_samples])
        labels = boxes.new_zeros(1, dtype=torch.long)
        return [InstanceData(bboxes=box[None], labels=labels, scores=boxes.new_ones(1)) for box in boxes]
