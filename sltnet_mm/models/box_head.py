"""What heads of one box per image have in common: their box to learn, L_REG, and their prediction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from sltnet_mm.functional.boxes import clip_boxes
from sltnet_mm.functional.regression import boxes_to_regression, regression_loss, regression_to_boxes
from sltnet_mm.structures.frames import boxes_to_original


class BoxHead(BaseModule):
    """A head for one box per image: it replaces ``bbox_head`` in ``mmdet.SingleStageDetector``.

    Training reads one box per image from ``gt_instances.bboxes`` (pixels of the network input) and, if present, its
    weight in the loss from ``gt_instances.weights``. A head sets ``layers``, a module from features B x N x h x w to
    B x 4 numbers, and implements ``loss`` and ``predict_boxes``.

    Args:
        loss_weight: Factor on the loss, >= 0.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If ``loss_weight`` is negative, or ``train_cfg`` or ``test_cfg`` is not empty.
    """

    layers: nn.Module

    def __init__(
        self,
        loss_weight: float,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        name = type(self).__name__
        if loss_weight < 0:
            raise ValueError(f'{name}: loss_weight must be >= 0, got {loss_weight}')
        for setting, settings in (('train_cfg', train_cfg), ('test_cfg', test_cfg)):
            if settings:
                raise ValueError(f'{name} has no {setting}, got {dict(settings)}')
        self.loss_weight = loss_weight
        self.statistics: dict[str, int] = {}

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The four numbers of each box, B x 4, from the last of the feature maps, B x N x h x w.

        Raises:
            ValueError: If the features have one cell.
        """
        features = feats[-1]
        if features.shape[-2:].numel() == 1:
            raise ValueError(
                f'{type(self).__name__}: features of one cell, {tuple(features.shape)}, do not say where the object '
                'is: take the feature maps in front of the global pooling (out_indices, or end, of the backbone), or '
                'larger images'
            )
        return self.layers(features)

    @abstractmethod
    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """Dict with ``loss_bbox``, a scalar, against the one box of each sample."""

    def true_boxes(self, batch_data_samples: Sequence[BaseDataElement], like: Tensor) -> tuple[Tensor, Tensor]:
        """The box that each sample trains on, and its weight: 0 where there is none.

        ``statistics['images_without_pseudo_box']`` counts samples without a box (no pseudo box, or cropped away) since
        the start; ``StatisticsHook`` logs it.

        Args:
            batch_data_samples: B samples with ``gt_instances``, whose ``bboxes`` are in pixels of the network input.
            like: A tensor of the dtype and device of the result.

        Returns:
            B x 4 xyxy in pixels of the network input, zeros where there is no box, and B weights.

        Raises:
            ValueError: If a sample has several boxes.
        """
        instances = [sample.gt_instances for sample in batch_data_samples]
        for sample, instance in zip(batch_data_samples, instances, strict=True):
            if len(instance) > 1:
                raise ValueError(
                    f'{type(self).__name__} trains on one box per image, but {sample.get("img_path", "a sample")} has '
                    f'{len(instance)}: keep only the pseudo box'
                )
        if missing := sum(len(instance) == 0 for instance in instances):
            before = self.statistics.get('images_without_pseudo_box', 0)
            self.statistics['images_without_pseudo_box'] = before + missing
        no_box, one = like.new_zeros(1, 4), like.new_ones(1)
        boxes = [_as_tensor(instance.bboxes).to(like) if len(instance) else no_box for instance in instances]
        return torch.cat(boxes), torch.cat([_weight(instance, one) for instance in instances])

    @abstractmethod
    def predict_boxes(self, feats: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
        """Boxes in pixels of the network input ``size`` (h, w): B x 4 xyxy, clipped to the input."""

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


class RegressionHead(BoxHead):
    r"""A head trained with L_REG (eq. 3, 4) on boxes in units of m pixels: :math:`\hat{p} = (x_1, y_1, x_2, y_2) / m`.

    Args:
        downsample: m of Sec. 3.1, pixels per box unit, > 0.
        init_box: The box that training starts from, four box units inside the image. None is the centered box of half
            the side lengths, (.25, .25, .75, .75) * ``input_size`` / m.
        input_size: Side length of the network input in pixels, > 0.
        loss_weight: See :class:`BoxHead`.
        train_cfg: See :class:`BoxHead`.
        test_cfg: See :class:`BoxHead`.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a value is out of range, or ``train_cfg`` or ``test_cfg`` is not empty.
    """

    def __init__(
        self,
        downsample: float,
        init_box: Sequence[float] | None,
        input_size: int,
        loss_weight: float,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(loss_weight, train_cfg, test_cfg, init_cfg)
        name = type(self).__name__
        for setting, value in (('downsample', downsample), ('input_size', input_size)):
            if value <= 0:
                raise ValueError(f'{name}: {setting} must be positive, got {value}')
        self.downsample = downsample
        self.span = input_size / downsample
        self.init_box = _checked_box(
            init_box or [share * self.span for share in (0.25, 0.25, 0.75, 0.75)], self.span, name
        )

    def loss(self, feats: tuple[Tensor, ...], batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The loss L_REG (eq. 3) against the one box of each sample; a sample without a box has weight 0.

        Args:
            feats: The backbone's feature maps.
            batch_data_samples: See :meth:`BoxHead.true_boxes`.

        Returns:
            Dict with ``loss_bbox``, a scalar.

        Raises:
            ValueError: If a sample has several boxes.
        """
        predicted = self(feats)
        boxes, weights = self.true_boxes(batch_data_samples, predicted)
        target = boxes_to_regression(boxes, self.downsample)
        return dict(loss_bbox=self.loss_weight * regression_loss(predicted, target, weights))

    def predict_boxes(self, feats: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
        """Boxes in pixels of the network input ``size`` (h, w): B x 4 xyxy, corners sorted, clipped to the input."""
        boxes = regression_to_boxes(self(feats).float(), self.downsample)
        low, high = torch.minimum(boxes[:, :2], boxes[:, 2:]), torch.maximum(boxes[:, :2], boxes[:, 2:])
        return clip_boxes(torch.cat([low, high], dim=1), size)


def _checked_box(box: Sequence[float], span: float, name: str) -> tuple[float, ...]:
    """``box`` as four numbers, where it has an area inside an image of ``span`` box units a side."""
    if len(box) != 4 or not (0 <= box[0] < box[2] <= span and 0 <= box[1] < box[3] <= span):
        raise ValueError(
            f'{name}: init_box must be four box units x1 < x2, y1 < y2 inside the image, 0 to {span:g} '
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
