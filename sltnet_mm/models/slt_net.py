"""SLT-Net: localizer and regressor, trained together, and a classifier that joins them for inference."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.detectors.base import BaseDetector
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from sltnet_mm.config import type_name
from sltnet_mm.functional.boxes import covers_image
from sltnet_mm.models.box_source import BOX_FROM, BoxChoice
from sltnet_mm.models.capture import capture_first_output
from sltnet_mm.models.predictions import add_localization
from sltnet_mm.registry import MODELS, TASK_UTILS
from sltnet_mm.structures.frames import boxes_to_original

_TEST_CFG = dict(box_from='auto', score_map=False, max_labels=5)


@MODELS.register_module()
class SLTNet(BaseDetector):
    r"""SLT-Net (Guo et al., CVPR 2021, eq. 1 and 2) as an mmdet detector.

    .. math::
        L_{\text{SLT-Net}} = L_{LOC} + L_{REG} + L_{CLS}, \qquad L_{LOC} = L_{SMT} + \beta L_{VST}

    :math:`L_{SMT}` (eq. 8) is :class:`SMTLoss` in the localizer's :class:`CAMHead`; :math:`L_{VST}` (eq. 13) is added
    by :class:`~sltnet_mm.hooks.VSTHook`, whose ``weight`` is :math:`\beta`; :math:`L_{REG}` (eq. 3, 4) is in
    :class:`SingleBoxHead`; :math:`L_{CLS}` (eq. 5), cross entropy, trains the classifier in its own run.

    Training: the localizer is *called*, because forward hooks such as VSTHook act only on a call. The pseudo boxes come
    from its maps and logits of the original view, detached, and train the regressor in the same step (Sec. 3.1). An
    image without foreground takes part with weight 0. There is one backward pass; localizer and regressor share no
    weights. The classifier is frozen here, in eval mode.

    Inference: the box comes from the regressor (or the localizer), the labels from the classifier (or, without one,
    from the localizer). ``pred_instances`` holds the same box min(5, C) times, with the best labels and their scores,
    in original pixels, so that mmdet's metrics, visualizers and ``DetInferencer`` work.

    Args:
        localizer: Config of a classifier whose ``head`` has the map layer ``cam``: ``mmpretrain.ImageClassifier`` with
            :class:`CAMHead`. Parts that belong to mmpretrain get ``_scope_='mmpretrain'``; otherwise mmdet's classes of
            the same name would be built.
        pseudo_box: Config of :class:`~sltnet_mm.pseudo_boxes.PseudoBoxGenerator`; its ``top_k`` defaults to the head's.
        regressor: Config of a detector, ``mmdet.SingleStageDetector`` with :class:`SingleBoxHead`.
        classifier: Config of an ``mmpretrain.ImageClassifier``, or None. It sees the same single view as the localizer,
            unless the test pipeline adds ten crops (``sltnet_mm.TenCrop``, Sec. 4.1); its probabilities are then
            averaged over the crops. Its weights must be in the checkpoint (tools/model_converters/merge_parts.py writes
            them into it) or, in training, come from its ``init_cfg``. To use scores of a classifier tested on its own,
            pass them to ``LocalizationMetric(score_file=...)``.
        data_preprocessor: As in mmdet; the parts' own preprocessors are not used.
        train_cfg: Must be empty.
        test_cfg: ``box_from`` ('regressor', 'localizer', or 'auto', the default: the regressor, but in
            ``SLTInferencer`` the one that :class:`~sltnet_mm.hooks.BoxSourceHook` chose by validation), ``score_map``
            (whether to write ``pred_maps`` and ``pred_score_map``; default False), ``max_labels`` (5).
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a setting is unknown or impossible.
        RuntimeError: If (in prediction) the weights of the classifier were never loaded.
    """

    def __init__(
        self,
        localizer: dict,
        pseudo_box: dict,
        regressor: dict,
        classifier: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if train_cfg:
            raise ValueError(f'SLTNet has no train_cfg, got {dict(train_cfg)}')
        self.test_cfg = _checked_test_cfg(test_cfg)
        self.box_source = 'regressor' if self.test_cfg['box_from'] == 'auto' else self.test_cfg['box_from']
        self.localizer = MODELS.build(_in_its_scope(localizer))
        if not isinstance(getattr(getattr(self.localizer, 'head', None), 'cam', None), nn.Module):
            raise ValueError(
                'SLTNet: localizer.head must have the map layer `cam`; use head=dict(type="sltnet_mm.CAMHead", ...), '
                f'got {type(getattr(self.localizer, "head", None)).__name__}'
            )
        self.pseudo_box = TASK_UTILS.build(pseudo_box)
        if self.pseudo_box.top_k is None:
            self.pseudo_box.top_k = self.localizer.head.top_k
        classes = getattr(self.localizer.head, 'num_classes', self.pseudo_box.top_k)
        if self.pseudo_box.top_k > classes:
            raise ValueError(
                f'SLTNet: pseudo_box.top_k must be at most the {classes} classes, got {self.pseudo_box.top_k}'
            )
        self.regressor = MODELS.build(_in_its_scope(regressor))
        self.classifier: Any = None if classifier is None else MODELS.build(_in_its_scope(classifier))
        if self.classifier is not None:
            self._classifier_loaded = False
            self.classifier.requires_grad_(False)
            self.classifier.register_load_state_dict_post_hook(self._note_classifier_weights)
        self.statistics: dict[str, Tensor] = {}

    def choose_box(self, choice: BoxChoice) -> None:
        """Take the box of the chosen part from now on, where ``test_cfg.box_from`` is 'auto', and log it."""
        if self.test_cfg['box_from'] == 'auto':
            self.box_source = choice.source
            print_log(f'SLTNet: the box is that of the {choice.source} ({choice.reason})', logger='current')

    def _note_classifier_weights(self, module: nn.Module, incompatible_keys) -> None:
        own = set(module.state_dict())
        missing = {key.split('classifier.', 1)[-1] for key in incompatible_keys.missing_keys}
        self._classifier_loaded = not own & missing

    def train(self, mode: bool = True) -> SLTNet:
        """Set training mode for localizer and regressor; the classifier stays in eval mode."""
        super().train(mode)
        if self.classifier is not None:
            self.classifier.eval()
        return self

    def _run_localizer(self, inputs: Tensor, data_samples: Sequence[BaseDataElement] | None, mode: str):
        """The localizer's output, with the class maps and logits of the original view."""
        head = self.localizer.head
        with capture_first_output(maps=head.cam, logits=head) as seen:
            outputs = self.localizer(inputs, data_samples, mode=mode)
        # CAMHead.loss calls the head itself, so its logits are captured in every mode.
        return outputs, seen['maps'].detach(), seen['logits'].detach()

    def loss(self, batch_inputs: Tensor, batch_data_samples: Sequence[BaseDataElement]) -> dict[str, Tensor]:
        """The losses ``loss_smt`` (and ``loss_vst``, from the hook) and ``loss_bbox``.

        Args:
            batch_inputs: Normalized images, B x 3 x H x W.
            batch_data_samples: B samples with ``gt_label``. Their ``gt_instances`` is replaced by the pseudo box.

        Returns:
            Dict of losses.
        """
        losses, maps, logits = self._run_localizer(batch_inputs, batch_data_samples, mode='loss')
        located = self.pseudo_box(maps, logits, batch_inputs.shape[-2:])
        boxes, found = located.boxes, located.found
        self._count_useless(boxes, found, batch_inputs.shape[-2:])
        weights, labels = found.to(boxes.dtype), torch.zeros_like(found, dtype=torch.long)
        for i, sample in enumerate(batch_data_samples):
            sample.gt_instances = InstanceData(
                bboxes=boxes[i : i + 1], labels=labels[i : i + 1], weights=weights[i : i + 1]
            )
        losses.update(self.regressor(batch_inputs, batch_data_samples, mode='loss'))
        return losses

    def _count_useless(self, boxes: Tensor, found: Tensor, size: Sequence[int]) -> None:
        """Count the images without a pseudo box since the start, and the share of the batch with a whole-image one."""
        before = self.statistics.get('images_without_pseudo_box', 0)
        self.statistics['images_without_pseudo_box'] = before + (~found).sum()
        self.statistics['whole_image_boxes'] = covers_image(boxes, size).float().mean()

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[BaseDataElement], rescale: bool = True
    ) -> Sequence[BaseDataElement]:
        """The samples with their predictions.

        Args:
            batch_inputs: Normalized images, B x 3 x H x W.
            batch_data_samples: B samples with ``homography_matrix``, ``ori_shape`` and ``img_shape``.
            rescale: Give boxes in original pixels (default), otherwise in pixels of the network input.

        Returns:
            The samples with ``pred_instances``, ``pred_score`` (C), ``pred_label`` (1), the metainfo ``box_from``
            ('regressor' or 'localizer') and, with ``test_cfg.score_map``, ``pred_maps`` and ``pred_score_map``.

        Raises:
            RuntimeError: If the weights of the classifier were never loaded.
        """
        size = tuple(batch_inputs.shape[-2:])
        boxes: Any = None
        scores: Any = None
        from_localizer = self.box_source == 'localizer'
        if self.test_cfg['score_map'] or from_localizer or self.classifier is None:
            _, maps, logits = self._run_localizer(batch_inputs, None, mode='tensor')
            scores = logits.float().softmax(dim=1)
            if from_localizer:
                boxes = self.pseudo_box(maps, logits, size).boxes
            if self.test_cfg['score_map']:
                add_localization(batch_data_samples, maps, logits, self.pseudo_box.top_k)
        if not from_localizer:
            boxes = self.regressor.bbox_head.predict_boxes(self.regressor.extract_feat(batch_inputs), size)
        if self.classifier is not None:
            scores = self._classify(batch_inputs, batch_data_samples)
        if rescale:
            boxes = boxes_to_original(boxes, [sample.metainfo for sample in batch_data_samples])
        return self._write(batch_data_samples, boxes, scores)

    def _classify(self, batch_inputs: Tensor, data_samples: Sequence[BaseDataElement]) -> Tensor:
        """Class probabilities, B x C; the mean over the crops if the pipeline added some (:class:`TenCrop`)."""
        if not self._classifier_loaded:
            raise RuntimeError(
                'the weights of SLTNet.classifier were never loaded: the checkpoint has none. Write them into it: '
                'python tools/model_converters/merge_parts.py SLT_CHECKPOINT --classifier CLASSIFIER_CHECKPOINT '
                '--out MERGED; or set model.classifier=None to take the labels from the localizer'
            )
        if 'crops' not in data_samples[0]:
            return self.classifier(batch_inputs, mode='tensor').float().softmax(dim=1)
        crops = torch.stack([sample.crops for sample in data_samples])  # B x 10 x 3 x h x w, uint8
        inputs = self.data_preprocessor(dict(inputs=list(crops.flatten(0, 1)), data_samples=None), False)['inputs']
        scores = self.classifier(inputs, mode='tensor').float().softmax(dim=1)
        return scores.unflatten(0, crops.shape[:2]).mean(dim=1)

    def _write(
        self, data_samples: Sequence[BaseDataElement], boxes: Tensor, scores: Tensor
    ) -> Sequence[BaseDataElement]:
        top_scores, top_labels = scores.topk(min(self.test_cfg['max_labels'], scores.shape[1]), dim=1)
        for i, sample in enumerate(data_samples):
            sample.pred_instances = InstanceData(
                bboxes=boxes[i].expand(top_labels.shape[1], 4).clone(), labels=top_labels[i], scores=top_scores[i]
            )
            sample.pred_score = scores[i]
            sample.pred_label = top_labels[i, :1]
            sample.set_metainfo(dict(box_from=self.box_source))
        return data_samples

    def _forward(self, batch_inputs: Tensor, batch_data_samples: Sequence[BaseDataElement] | None = None):
        """The localizer's logits (B x C) and the regressor's box units (B x 4)."""
        return self.localizer(batch_inputs, mode='tensor'), self.regressor(batch_inputs, mode='tensor')

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """The localizer's feature maps."""
        return self.localizer.extract_feat(batch_inputs)


def _in_its_scope(part: dict) -> dict:
    """A copy of ``part`` (mmdet's detectors write into theirs), with mmpretrain's scope if it belongs to mmpretrain."""
    part = copy.deepcopy(part)
    if type_name(part).startswith('mmpretrain.'):
        part.setdefault('_scope_', 'mmpretrain')
    return part


def _checked_test_cfg(test_cfg: dict | None) -> dict:
    settings = dict(_TEST_CFG, **(test_cfg or {}))
    unknown = sorted(set(settings) - set(_TEST_CFG))
    if unknown:
        raise ValueError(f'SLTNet: unknown test_cfg {unknown}, known are {sorted(_TEST_CFG)}')
    if settings['box_from'] not in BOX_FROM:
        raise ValueError(f'SLTNet: test_cfg.box_from must be one of {BOX_FROM}, got {settings["box_from"]!r}')
    if settings['max_labels'] < 1:
        raise ValueError(f'SLTNet: test_cfg.max_labels must be at least 1, got {settings["max_labels"]}')
    return settings
