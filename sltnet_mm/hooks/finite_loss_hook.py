"""A hook that stops training at the first loss that is NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first loss that is NaN or infinite, naming the iteration and the files of the batch.

    It reads the number that mmengine's ``RuntimeInfoHook`` has already fetched for the log, so it adds no host
    synchronization of its own. It must run after that hook.

    Raises:
        FloatingPointError: If (in training) a loss is not finite.
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
                f'(optim_wrapper.clip_grad). Batch: {", ".join(_files(data_batch)) or "files unknown"}'
            )


def _files(data_batch) -> list[str]:
    samples = data_batch.get('data_samples', ()) if isinstance(data_batch, Mapping) else ()
    samples = samples if isinstance(samples, Sequence) else ()
    return [str(sample.get('img_path', '?')) for sample in samples]
