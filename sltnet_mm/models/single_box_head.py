"""The regressor's head: one box per image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from sltnet_mm.functional.boxes import clip_boxes
from sltnet_mm.functional.regression import boxes_to_regression, regression_loss, regression_to_boxes
from sltnet_mm.registry import MODELS
from sltnet_mm.structures.frames import boxes_to_original

_ACTIVATIONS = {'relu': nn.ReLU, 'sigmoid': nn.Sigmoid, 'none': nn.Identity}


@MODELS.register_module()
class SingleBoxHead(BaseModule):
    r"""The head of SLT-Net's regressor (Guo et al., CVPR 2021, Sec. 3.1): pooled features, FC-ReLU, FC-ReLU, one box.

    It predicts :math:`\hat{p} = (x_1, y_1, x_2, y_2) / m` and is trained with

    .. math::
        L_{REG}(p, \hat{p}) = \sum_{i=1}^{4} \text{smooth}_{L_1}(p_i - \hat{p}_i)

    (eq. 3, with smooth L1 from eq. 4; see :func:`sltnet_mm.functional.regression_loss`), logged as ``loss_bbox``.

    It replaces ``bbox_head`` in ``mmdet.SingleStageDetector``. Training reads one box per image from
    ``gt_instances.bboxes`` (pixels of the network input) and, if present, its weight in the loss from
    ``gt_instances.weights``.

    Args:
        in_channels: Channels of the backbone's last feature map.
        feat_channels: Width of the hidden layer; 512 as in PSOL, the paper does not report it.
        downsample: m of Sec. 3.1, pixels per box unit. 16 is VGG16's stride; a 224x224 image then spans 14 units, a
            good range for smooth L1, which turns linear at 1. The image size gives boxes in [0, 1].
        out_act: Activation after the last layer: 'relu' (the paper's text), 'sigmoid' (PSOL, with boxes in [0, 1]) or
            'none'.
        init_box: Initial bias of the last layer, four box units; zeros would start with dead ReLUs. None is the
            centered box of half the side lengths, (.25, .25, .75, .75) * ``input_size`` / m.
        input_size: Side length of the network input in pixels, for ``init_box=None``.
        loss_weight: Factor on the loss, >= 0.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine; without it, the two layers keep torch's initialization.

    Raises:
        ValueError: If a value is out of range, ``train_cfg`` or ``test_cfg`` is not empty, or 'sigmoid' cannot reach
            ``init_box``.

    Example:
        >>> import torch
        >>> head = SingleBoxHead(in_channels=8, input_size=64)
        >>> head((torch.rand(2, 8, 4, 4),)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_channels: int,
        feat_channels: int = 512,
        downsample: float = 16,
        out_act: str = 'relu',
        init_box: Sequence[float] | None = None,
        input_size: int = 224,
        loss_weight: float = 1.0,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if out_act not in _ACTIVATIONS:
            raise ValueError(f'SingleBoxHead: out_act must be one of {sorted(_ACTIVATIONS)}, got {out_act!r}')
        for name, value in (('downsample', downsample), ('input_size', input_size)):
            if value <= 0:
                raise ValueError(f'SingleBoxHead: {name} must be positive, got {value}')
        if loss_weight < 0:
            raise ValueError(f'SingleBoxHead: loss_weight must be >= 0, got {loss_weight}')
        for name, settings in (('train_cfg', train_cfg), ('test_cfg', test_cfg)):
            if settings:
                raise ValueError(f'SingleBoxHead has no {name}, got {dict(settings)}')
        if init_box is None:
            init_box = [share * input_size / downsample for share in (0.25, 0.25, 0.75, 0.75)]
        if len(init_box) != 4:
            raise ValueError(f'SingleBoxHead: init_box must be four box units x1, y1, x2, y2, got {init_box}')
        if out_act == 'sigmoid' and max(init_box) > 1:
            raise ValueError(
                f'SingleBoxHead: out_act="sigmoid" gives box units in (0, 1), but init_box is {tuple(init_box)}: '
                f'set downsample to the size of the network input ({input_size})'
            )
        self.downsample = downsample
        self.loss_weight = loss_weight
        self.fc1 = nn.Linear(in_channels, feat_channels)
        self.fc2 = nn.Linear(feat_channels, 4)
        self.act = nn.ReLU(inplace=True)
        self.out_act = _ACTIVATIONS[out_act]()
        self.out_act_name = out_act
        self.init_box = tuple(float(value) for value in init_box)
        self.statistics: dict[str, int] = {}
        self._start_at_init_box()

    def _start_at_init_box(self) -> None:
        start = torch.tensor(self.init_box)
        if self.out_act_name == 'sigmoid':
            start = torch.logit(start, eps=1e-3)
        with torch.no_grad():
            self.fc2.bias.copy_(start)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Boxes in box units p = xyxy / m, B x 4, from the last of the feature maps, B x N x h x w."""
        pooled = feats[-1].mean(dim=(2, 3))
        return self.out_act(self.fc2(self.act(self.fc1(pooled))))

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


def _weight(instance: InstanceData, one: Tensor) -> Tensor:
    if len(instance) == 0:
        return torch.zeros_like(one)
    return instance.weights.to(one) if 'weights' in instance else one


def _as_tensor(boxes) -> Tensor:
    """Boxes as a tensor, including mmdet's ``HorizontalBoxes``."""
    return getattr(boxes, 'tensor', boxes)
