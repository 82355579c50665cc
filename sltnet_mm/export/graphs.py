"""The parts of a trained model as modules with tensors in and tensors out, which an exporter can trace."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sltnet_mm.export.input_frame import InputFrame
from sltnet_mm.functional.boxes import box_iou, foreground_mask
from sltnet_mm.functional.cam import average_top_k_maps, to_score_map
from sltnet_mm.functional.components import largest_component_boxes
from sltnet_mm.hooks.preprocessing_hook import preprocessing_of
from sltnet_mm.models import BoxHead, CAMHead  # not SLTNet, which needs mmdet
from sltnet_mm.pseudo_boxes.box_scores import THRESHOLDS


class NetworkInput(nn.Module):
    """The model's preprocessing: images B x H x W x 3 uint8 (BGR) to normalized images B x 3 x H x W.

    Args:
        model: A model whose ``data_preprocessor`` normalizes.

    Raises:
        ValueError: If it does not.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        found = preprocessing_of(model)
        if found is None:
            raise ValueError(
                'an ONNX file needs a data_preprocessor with mean and std, got '
                f'{type(getattr(model, "data_preprocessor", None)).__name__} without. Set mean=[0, 0, 0], '
                'std=[1, 1, 1] for none'
            )
        preprocessor: Any = model.data_preprocessor
        self.rgb = found.rgb
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer('mean', preprocessor.mean.detach().clone())
        self.register_buffer('std', preprocessor.std.detach().clone())

    def forward(self, images: Tensor) -> Tensor:
        """Normalized images."""
        images = images.permute(0, 3, 1, 2).float()
        return ((images.flip(1) if self.rgb else images) - self.mean) / self.std


class LocalizerGraph(nn.Module):
    """Class maps B x C x h x w and logits B x C of images.

    Args:
        model: A localizer, or an SLT-Net.

    Raises:
        ValueError: If its head cannot be exported.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.input = NetworkInput(model)
        self.localizer: Any = getattr(model, 'localizer', model)
        head = getattr(self.localizer, 'head', None)
        if not isinstance(head, CAMHead):
            raise ValueError(
                f'the model has no localizer: its head is {type(head).__name__}, and class maps come from '
                'sltnet_mm.CAMHead. Export part="regressor" of a regressor'
            )
        if (type(head).forward, type(head).predict) != (CAMHead.forward, CAMHead.predict):
            raise ValueError(
                f'the head {type(head).__name__} makes its maps in a way of its own, which is not exported. Heads that '
                'are: CAMHead, I2CHead, SPGHead. Export a localizer with one of these'
            )
        # An SLT-Net takes its boxes from the raw maps; a localizer alone may predict those of the positive weights.
        self.positive = head.positive_weights and self.localizer is model

    def maps(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Maps and logits of normalized images."""
        return self.localizer.head.maps_and_logits(self.localizer.extract_feat(inputs), self.positive)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps and logits."""
        return self.maps(self.input(images))


class RegressorGraph(nn.Module):
    """Boxes B x 4 xyxy of images, in pixels of the network input.

    Args:
        model: A regressor, or an SLT-Net.

    Raises:
        ValueError: If its head cannot be exported.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.input = NetworkInput(model)
        self.regressor: Any = getattr(model, 'regressor', model)
        head = getattr(self.regressor, 'bbox_head', None)
        if not isinstance(head, BoxHead):
            raise ValueError(
                f'the model has no regressor whose head can be exported, got {type(head).__name__}. Heads that can: '
                'SingleBoxHead, SoftArgmaxBoxHead, PSOLHead'
            )

    def boxes(self, inputs: Tensor) -> Tensor:
        """Boxes of normalized images."""
        size = (inputs.shape[-2], inputs.shape[-1])
        return self.regressor.bbox_head.predict_boxes(self.regressor.extract_feat(inputs), size)

    def forward(self, images: Tensor) -> Tensor:
        """Boxes."""
        return self.boxes(self.input(images))


class InferenceGraph(nn.Module):
    """The whole inference: what ``SLTInferencer`` gives for images of the network's size.

    The outputs are boxes B x 4 (xyxy, pixels of the original images) and, where the model has a localizer, labels B,
    their probabilities B, and with ``score`` the scores of the boxes B
    (:func:`~sltnet_mm.pseudo_boxes.box_scores.box_scores`).

    Args:
        model: An SLT-Net, whose box is that of its ``box_source``, a localizer, or a regressor.
        frame: Of the test pipeline.
        threshold: Of boxes from score maps, as a share of the maximum.
        score: Whether to compute the scores of the boxes, which takes several times as long as the boxes.

    Raises:
        ValueError: If a part cannot be exported.
    """

    def __init__(self, model: nn.Module, frame: InputFrame, threshold: float, score: bool = True) -> None:
        super().__init__()
        self.frame, self.threshold, self.score = frame, threshold, score
        self.input = NetworkInput(model)
        self.classifier: Any = None
        self.localizer: Any = None
        self.regressor: Any = None
        self.top_k = 1
        if hasattr(model, 'localizer'):
            self._take_slt_net(model)
        elif hasattr(model, 'bbox_head'):
            self.regressor, self.score = RegressorGraph(model), False
        else:
            self.localizer = LocalizerGraph(model)
            self.top_k = self.localizer.localizer.head.top_k

    def _take_slt_net(self, model: Any) -> None:
        self.localizer, self.top_k = LocalizerGraph(model), model.pseudo_box.top_k
        self.classifier = model.classifier
        if model.box_source == 'regressor':
            self.regressor = RegressorGraph(model)
        elif model.pseudo_box.threshold_of != 'max':
            raise ValueError(
                f'pseudo_box.threshold_of={model.pseudo_box.threshold_of!r} is not exported: set it to "max"'
            )

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        labels = () if self.localizer is None else ('labels', 'label_scores')
        return ('boxes', *labels, *(('scores',) if self.score else ()))

    def forward(self, images: Tensor, image_sizes: Tensor) -> tuple[Tensor, ...]:
        """The outputs of images B x H x W x 3 uint8 (BGR) and image_sizes B x 2, (height, width) of the originals."""
        inputs = self.input(images)
        if self.localizer is None:
            return (self.frame.to_original(self.regressor.boxes(inputs), image_sizes),)
        maps, logits = self.localizer.maps(inputs)
        class_logits = logits if self.classifier is None else self.classifier(inputs, mode='tensor')
        label_scores, labels = class_logits.float().softmax(dim=1).max(dim=1)
        boxes, of_map = self._boxes(
            inputs,
            to_score_map(average_top_k_maps(maps.float(), logits, self.top_k), size=self.frame.crop),
            image_sizes,
        )
        if not self.score:
            return boxes, labels, label_scores
        scores = torch.stack([box_iou(boxes, of_map[threshold]).diagonal() for threshold in THRESHOLDS]).mean(0)
        return boxes, labels, label_scores, scores

    def _boxes(self, inputs: Tensor, score_maps: Tensor, image_sizes: Tensor) -> tuple[Tensor, dict[float, Tensor]]:
        """The boxes, and those of the score maps by threshold, as far as they are needed."""
        thresholds = list(
            dict.fromkeys(((self.threshold,) if self.regressor is None else ()) + (THRESHOLDS if self.score else ()))
        )
        of_map: dict[float, Tensor] = {}
        if thresholds:  # all in one batch: the graph has the search for components once
            masks = torch.cat([foreground_mask(score_maps, threshold) for threshold in thresholds])
            found = largest_component_boxes(masks).unflatten(0, (len(thresholds), -1))
            of_map = {each: self.frame.to_original(found[i], image_sizes) for i, each in enumerate(thresholds)}
        if self.regressor is None:
            return of_map[self.threshold], of_map
        return self.frame.to_original(self.regressor.boxes(inputs), image_sizes), of_map
