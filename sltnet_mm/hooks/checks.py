"""Hooks that stop a training run which cannot come to anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.checkpoints import check_fit


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first loss that is NaN or infinite, naming the iteration and the batch's files.

    Reads the number that mmengine has already fetched for its log: no host sync of its own. It runs after
    ``RuntimeInfoHook``, which fetches it.

    Raises:
        FloatingPointError: from the training loop.
    """

    priority = 'NORMAL'

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs: Mapping | None = None) -> None:
        """Check the losses of this iteration."""
        scalars = runner.message_hub.log_scalars
        losses = {name: scalars[f'train/{name}'].current() for name in (outputs or {}) if f'train/{name}' in scalars}
        bad = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if bad:
            raise FloatingPointError(
                f'{", ".join(f"{name} = {value}" for name, value in bad.items())} in iteration {runner.iter + 1}, '
                f'epoch {runner.epoch + 1}. Lower the learning rate (optim_wrapper.optimizer.lr) or clip the gradients '
                f'(optim_wrapper.clip_grad). The batch: {", ".join(_files(data_batch)) or "files unknown"}'
            )


def _files(data_batch) -> list[str]:
    samples = data_batch.get('data_samples', ()) if isinstance(data_batch, Mapping) else ()
    samples = samples if isinstance(samples, Sequence) else ()
    return [str(sample.get('img_path', '?')) for sample in samples]


@HOOKS.register_module()
class DataFitHook(Hook):
    """Before training, see that the training data fill a batch and have as many classes as every head.

    On a GPU a label beyond the head's classes is a device-side failure without a name, and an epoch without a single
    batch trains nothing without a word; here both are errors.

    Raises:
        ValueError: the numbers do not fit.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare once, before the first iteration."""
        loader = runner.train_dataloader
        if len(loader) == 0:
            raise ValueError(
                f'the {len(loader.dataset)} training images do not fill one batch of {loader.batch_size}: lower '
                'train_dataloader.batch_size, or set train_dataloader.drop_last=False'
            )
        classes = getattr(loader.dataset, 'metainfo', {}).get('classes')
        if classes is None:
            return
        for name, module in unwrap(runner.model).named_modules():
            count = getattr(module, 'num_classes', None)
            if name.endswith('rpn_head'):  # a proposal is an object or none, whatever the classes
                continue
            if isinstance(count, int) and name.endswith('head') and count != len(classes):
                raise ValueError(
                    f'model.{name}.num_classes is {count}, but the training data has {len(classes)} classes '
                    f'({", ".join(map(str, classes[:3]))}, ...): set num_classes={len(classes)}'
                )


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuse a checkpoint that does not fit the model, before it is loaded.

    mmengine logs a mismatch and goes on, so that a test would run on random weights.

    Args:
        may_miss: prefixes of parameters that a checkpoint may lack or hold in another shape, as ``('head.',)`` when a
            model is fine-tuned on other classes.

    Raises:
        ValueError: parameters are missing or of another shape.
    """

    def __init__(self, may_miss: Sequence[str] = ()) -> None:
        self.may_miss = tuple(may_miss)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare names and shapes."""
        check_fit(unwrap(runner.model), checkpoint, self.may_miss)
