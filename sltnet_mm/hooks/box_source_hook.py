"""A hook that chooses, on the validation split, which part's box an SLT-Net gives."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import BatchSampler

from sltnet_mm.models.box_source import SOURCES, BoxChoice
from sltnet_mm.pseudo_boxes.box_scores import matched_iou
from sltnet_mm.registry import HOOKS
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.weights.checkpoints import state_dict_of
from sltnet_mm.weights.loading import load_checkpoint_file
from sltnet_mm.weights.wrappers import unwrap

_NUMBERS = ('gt_known', 'top1_loc', 'top5_loc', 'mean_iou')


@HOOKS.register_module()
class BoxSourceHook(Hook):
    """Choose between the regressor's and the localizer's box where ``SLTNet``'s ``test_cfg.box_from`` is 'auto'.

    After each validation the part with the better GT-known is chosen, the regressor where they are equal. If no
    validation measured both parts, the choice falls after the training: the regressor if its boxes agree with the
    localizer's on the training images (``BoxChoice.by_agreement``), otherwise the localizer. The choice is written
    into the checkpoint and the log; ``SLTInferencer`` and ``tools/generate_pseudo_boxes.py`` take it from there.
    Validation and test go on measuring both: ``box`` is the regressor's, ``map`` the localizer's, and after a test the
    log has them side by side. Other models pass by.

    Args:
        regressor: Source and protocol, among the numbers of ``LocalizationMetric``, of the regressor.
        localizer: The same of the localizer.

    Example: in the config::

        default_hooks = dict(box_source=dict(type='sltnet_mm.BoxSourceHook'))
        model = dict(test_cfg=dict(box_from='auto', score_map=True))
    """

    priority = 'LOW'  # behind the metrics of the validation, in front of CheckpointHook

    def __init__(self, regressor: str = 'box/sltnet', localizer: str = 'map/sltnet') -> None:
        self.parts = dict(localizer=localizer, regressor=regressor)
        self._choice: BoxChoice | None = None
        self._measured = False
        self._saved_at: int | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the checkpoint's choice, for the log and for checkpoints to come."""
        self._choice = BoxChoice.of_checkpoint(checkpoint)
        if runner._resume:  # its validation may still be to come
            self._saved_at = (checkpoint.get('meta') or {}).get('iter')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the choice of the last validation."""
        self._saved_at = runner.iter
        if self._choice is not None and _chooses(unwrap(runner.model)):
            self._choice.write(checkpoint)

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Choose, and write the choice into the checkpoint that was validated: CheckpointHook saved it before."""
        if not _chooses(unwrap(runner.model)):
            return
        accuracy = {part: (metrics or {}).get(f'{source}/gt_known') for part, source in self.parts.items()}
        self._choice = BoxChoice.by_accuracy(**accuracy)
        self._measured = None not in accuracy.values()
        runner.logger.info(f'SLTInferencer will give the box of the {self._choice.source} ({self._choice.reason})')
        last = runner.message_hub.runtime_info.get('last_ckpt')
        # saved in this iteration; a loop by iterations counts it behind CheckpointHook
        if last is not None and self._saved_at in (runner.iter, runner.iter - 1):
            _rewrite(last, self._choice)

    def after_train(self, runner: Runner) -> None:
        """Without a validation on true boxes, choose by the agreement of both parts on training images."""
        model, last = unwrap(runner.model), runner.message_hub.runtime_info.get('last_ckpt')
        if self._measured or not _chooses(model) or last is None or not is_main_process():
            return
        if not runner.cfg.get('test_dataloader'):  # its pipeline prepares the images
            return
        checkpoint = load_checkpoint_file(last)
        before = copy.deepcopy(model.state_dict())
        try:
            model.load_state_dict(state_dict_of(checkpoint))  # averaged weights, where EMAHook wrote those
            agreement = agreement_on_training_images(model, runner.cfg)
        finally:
            model.load_state_dict(before)
        self._choice = BoxChoice.by_agreement(agreement)
        runner.logger.info(f'SLTInferencer will give the box of the {self._choice.source} ({self._choice.reason})')
        _rewrite(last, self._choice)

    def after_test_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Log localizer and regressor side by side, and which of them the inferencer takes."""
        if not _chooses(unwrap(runner.model)):
            return
        lines = [f'{"":12}' + ''.join(f'{number:>18}' for number in _NUMBERS)]
        for part, source in self.parts.items():
            values = [(metrics or {}).get(f'{source}/{number}') for number in _NUMBERS]
            lines.append(f'{part:12}' + ''.join(f'{"-" if v is None else format(v, ".1f"):>18}' for v in values))
        choice = self._choice or BoxChoice.by_accuracy(None, None)
        lines.append(f'SLTInferencer gives the box of the {choice.source} ({choice.reason})')
        runner.logger.info('\n'.join(['Localizer and regressor side by side:', *lines]))


def agreement_on_training_images(model: Any, cfg: Config, images: int = 128) -> float:
    """The share of training images on which the regressor's and the localizer's box overlap with IoU above 0.5.

    Args:
        model: An SLTNet; its mode and box source are kept.
        cfg: The config of its training; images go through the test pipeline.
        images: Number of images, evenly spaced over the training split.
    """
    from sltnet_mm.pseudo_boxes.from_localizer import build_for_export  # it imports this room

    dataset = build_for_export(cfg, 'train')
    chosen = torch.linspace(0, len(dataset) - 1, min(images, len(dataset))).round().long().unique().tolist()
    training, source, score_map = model.training, model.box_source, model.test_cfg['score_map']
    model.eval()
    agreeing = 0
    try:
        model.test_cfg['score_map'] = False
        with torch.no_grad():
            for batch in BatchSampler(chosen, cfg.test_dataloader.batch_size, drop_last=False):
                boxes = []
                for model.box_source in SOURCES:
                    samples = model.test_step(pseudo_collate([dataset[index] for index in batch]))
                    boxes.append(torch.stack([sample.pred_instances.bboxes[0] for sample in samples]))
                agreeing += int((matched_iou(*boxes) > 0.5).sum())
    finally:
        model.box_source, model.test_cfg['score_map'] = source, score_map
        model.train(training)
    return agreeing / len(chosen)


def _chooses(model: Any) -> bool:
    return isinstance(getattr(model, 'test_cfg', None), dict) and model.test_cfg.get('box_from') == 'auto'


@master_only
def _rewrite(path: str, choice: BoxChoice) -> None:
    checkpoint = load_checkpoint_file(path)
    choice.write(checkpoint)
    with atomic_write(path) as partial:
        torch.save(checkpoint, partial)
