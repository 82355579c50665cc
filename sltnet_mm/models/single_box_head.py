"""The regressor's head: one box per image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor

from sltnet_mm.functional.boxes import clip_boxes
from sltnet_mm.functional.regression import boxes_to_regression, regression_loss, regression_to_boxes
from sltnet_mm.models.box_layers import BoxLayers
from sltnet_mm.registry import MODELS
from sltnet_mm.structures.frames import boxes_to_original


@MODELS.register_module()
class SingleBoxHead(BaseModule):
    r"""The head of SLT-Net's regressor (Guo et al., CVPR 2021, Sec. 3.1): two fully connected layers, one box.

    It predicts :math:`\hat{p} = (x_1, y_1, x_2, y_2) / m` and is trained with

    .. math::
        L_{REG}(p, \hat{p}) = \sum_{i=1}^{4} \text{smooth}_{L_1}(p_i - \hat{p}_i)

    (eq. 3, with smooth L1 from eq. 4; see :func:`sltnet_mm.functional.regression_loss`), logged as ``loss_bbox``.

    It replaces ``bbox_head`` in ``mmdet.SingleStageDetector``. Training reads one box per image from
    ``gt_instances.bboxes`` (pixels of the network input) and, if present, its weight in the loss from
    ``gt_instances.weights``.

    The features keep their layout (:class:`~sltnet_mm.models.box_layers.BoxLayers`). For the paper's networks:

    - VGG16: ``reduce_channels=None`` on its 7 x 7 x 512 map, the paper's text; ``feat_channels=(4096, 4096, 512)``,
      ``dropout=0.5`` and ``fc_checkpoint`` keep ImageNet's fc6 and fc7, as PSOL does.
    - Nets whose maps are wider: a 3x3 convolution to 64 channels, then 7 x 7 cells (the default; a reading).
    - ``pool_size=None, reduce_channels=None``: the mean over the cells, PSOL's head on ResNet50 and DenseNet161. It
      learns places slowly, and only through the trunk.

    Args:
        in_channels: Channels of the backbone's last feature map.
        feat_channels: Widths of the hidden layers; 512 as in PSOL, the paper does not report it.
        downsample: m of Sec. 3.1, pixels per box unit. 16 is VGG16's stride; a 224x224 image then spans 14 units, a
            good range for smooth L1, which turns linear at 1. The image size gives boxes in [0, 1].
        out_act: Activation after the last layer: 'relu' (the paper's text), 'sigmoid' (PSOL, with boxes in [0, 1]) or
            'none'.
        init_box: The prediction for every image at the start, four box units inside the image. None is the centered
            box of half the side lengths, (.25, .25, .75, .75) * ``input_size`` / m.
        input_size: Side length of the network input in pixels.
        loss_weight: Factor on the loss, >= 0.
        pool_size: Cells per side that the features are pooled to, at least 2; None is the mean over all cells.
        reduce_channels: Channels of a convolution before the pooling; None is no convolution.
        reduce_kernel: Kernel of that convolution.
        dropout: Of the hidden layers, in training.
        fc_checkpoint: File with VGG16's fc6 and fc7 (mmpretrain's names) for the first two hidden layers.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a value is out of range, ``train_cfg`` or ``test_cfg`` is not empty, 'sigmoid' cannot reach all
            boxes, or (in the forward pass) the features have one cell.

    Example:
        >>> import torch
        >>> head = SingleBoxHead(in_channels=8, input_size=64)
        >>> head((torch.rand(2, 8, 4, 4),)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        feat_channels: int | Sequence[int] = 512,
        downsample: float = 16,
        out_act: str = 'relu',
        init_box: Sequence[float] | None = None,
        input_size: int = 224,
        loss_weight: float = 1.0,
        pool_size: int | None = 7,
        reduce_channels: int | None = 64,
        reduce_kernel: int = 3,
        dropout: float = 0.0,
        fc_checkpoint: str | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in (('downsample', downsample), ('input_size', input_size)):
            if value <= 0:
                raise ValueError(f'SingleBoxHead: {name} must be positive, got {value}')
        if loss_weight < 0:
            raise ValueError(f'SingleBoxHead: loss_weight must be >= 0, got {loss_weight}')
        for name, settings in (('train_cfg', train_cfg), ('test_cfg', test_cfg)):
            if settings:
                raise ValueError(f'SingleBoxHead has no {name}, got {dict(settings)}')
        span = input_size / downsample
        self.init_box = _checked_box(init_box or [share * span for share in (0.25, 0.25, 0.75, 0.75)], span)
        if out_act == 'sigmoid' and span > 1:
            raise ValueError(
                f'SingleBoxHead: out_act="sigmoid" gives box units in (0, 1), but the image spans {span:g}: set '
                f'downsample to the size of the network input ({input_size})'
            )
        self.downsample = downsample
        self.loss_weight = loss_weight
        self.layers = BoxLayers(
            in_channels,
            self.init_box,
            pool_size=pool_size,
            reduce_channels=reduce_channels,
            reduce_kernel=reduce_kernel,
            feat_channels=feat_channels,
            dropout=dropout,
            out_act=out_act,
            fc_checkpoint=fc_checkpoint,
        )
        self.statistics: dict[str, int] = {}

    def init_weights(self) -> None:
        """Initialize as mmengine does, then load ``fc_checkpoint``."""
        super().init_weights()
        self.layers.load_pretrained()

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Boxes in box units p = xyxy / m, B x 4, from the last of the feature maps, B x N x h x w."""
        return self.layers(feats[-1])

    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The loss L_REG (eq. 3) against the one box of each sample; a sample without a box has weight 0.

        ``statistics['images_without_pseudo_box']`` counts such samples (no pseudo box, or cropped away) since the
        start; ``StatisticsHook`` logs it.

        Args:
            feats: The backbone's feature maps.
            batch_data_samples: B samples with ``gt_instances``, whose ``bboxes`` are in pixels of the network input.

        Returns:
            Dict with ``loss_bbox``, a scalar.

        Raises:
            ValueError: If a sample has several boxes.
        """
        instances = [sample.gt_instances for sample in batch_data_samples]
        for sample, instance in zip(batch_data_samples, instances, strict=True):
            if len(instance) > 1:
                raise ValueError(
                    f'SingleBoxHead trains on one box per image, but {sample.get("img_path", "a sample")} has '
                    f'{len(instance)}: keep only the pseudo box'
                )
        predicted = self(feats)
        no_box, weight = predicted.new_zeros(1, 4), predicted.new_ones(1)
        if missing := sum(len(instance) == 0 for instance in instances):
            before = self.statistics.get('images_without_pseudo_box', 0)
            self.statistics['images_without_pseudo_box'] = before + missing
        boxes = torch.cat(
            [_as_tensor(instance.bboxes).to(predicted) if len(instance) else no_box for instance in instances]
        )
        weights = torch.cat([_weight(instance, weight) for instance in instances])
        target = boxes_to_regression(boxes, self.downsample)
        return dict(loss_bbox=self.loss_weight * regression_loss(predicted, target, weights))

    def predict_boxes(self, feats: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
        """Boxes in pixels of the network input ``size`` (h, w): B x 4 xyxy, corners sorted, clipped to the input."""
        boxes = regression_to_boxes(self(feats).float(), self.downsample)
        low, high = torch.minimum(boxes[:, :2], boxes[:, 2:]), torch.maximum(boxes[:, :2], boxes[:, 2:])
        return clip_boxes(torch.cat([low, high], dim=1), size)

    def predict(
        self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement], rescale: bool = True
    ) -> list[InstanceData]:
        """One box per image, with label 0 and score 1 (the regressor does not know the classes).

        Args:
            feats: The backbone's feature maps.
            batch_data_samples: B samples with ``img_shape`` and, for ``rescale``, ``homography_matrix`` and
                ``ori_shape``.
            rescale: Give boxes in original pixels (default), otherwise in pixels of the network input.

        Returns:
            B instances with ``bboxes``, ``labels`` and ``scores``, one row each.
        """
        boxes = self.predict_boxes(feats, batch_data_samples[0].img_shape[:2])
        if rescale:
            boxes = boxes_to_original(boxes, [sample.metainfo for sample in batch_data_samples])
        labels = boxes.new_zeros(1, dtype=torch.long)
        return [InstanceData(bboxes=box[None], labels=labels, scores=boxes.new_ones(1)) for box in boxes]


def _checked_box(box: Sequence[float], span: float) -> tuple[float, ...]:
    """``box`` as four numbers, where it has an area inside an image of ``span`` box units a side."""
    if len(box) != 4 or not (0 <= box[0] < box[2] <= span and 0 <= box[1] < box[3] <= span):
        raise ValueError(
            f'SingleBoxHead: init_box must be four box units x1 < x2, y1 < y2 inside the image, 0 to {span:g} '
            f'(input_size / downsample), got {tuple(box)}'
        )
    return tuple(float(value) for value in box)


def _weight(instance: InstanceData, one: Tensor) -> Tensor:
    if len(instance) == 0:
        return torch.zeros_like(one)
    return instance.weights.to(one) if 'weights' in instance else one


def _as_tensor(boxes) -> Tensor:
    """Boxes as a tensor, including mmdet's ``HorizontalBoxes``."""
    return getattr(boxes, 'tensor', boxes)
