"""A hook that ends a training with a checkpoint when it is asked to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import torch
from mmengine.dist import all_reduce, barrier, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from sltnet_mm.hooks.safe_checkpoint_hook import SafeCheckpointHook
from sltnet_mm.registry import HOOKS

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@HOOKS.register_module()
class StopHook(Hook):
    """End a training with a checkpoint after the running iteration at SIGTERM (slurm's) or SIGINT (Ctrl-C).

    ``--resume`` goes on from there (:class:`ExactResumeHook`). The exit code is 128 plus the signal's number, as of a
    program that the signal ended. A second signal ends the process at once. Several processes stop together, at the
    next multiple of ``interval``.

    Args:
        interval: Iterations between two looks at whether another process has to stop; only on GPUs, where a look makes
            the host wait.

    Raises:
        SystemExit: If (in training) the process is asked to stop.

    Example:
        >>> StopHook(interval=20).interval
        20
    """

    priority = 'LOWEST'

    def __init__(self, interval: int = 10) -> None:
        if interval < 1:
            raise ValueError(f'StopHook: interval must be at least 1, got {interval}')
        self.interval = interval
        self._asked = 0
        self._before: dict[int, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Listen to the signals; processes that load data leave them to this one."""
        self._asked = 0
        loader = runner.train_dataloader
        for each in (loader, runner.val_dataloader if runner.val_loop is not None else None):
            if each is not None and each.num_workers and not isinstance(each.worker_init_fn, _QuietWorker):
                each.worker_init_fn = _QuietWorker(each.worker_init_fn)
        if threading.current_thread() is threading.main_thread():
            # What the process was started to ignore (a shell's background jobs ignore Ctrl-C) is ignored here too.
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._ask) for number in heard}

    def after_train(self, runner: Runner) -> None:
        """Listen no longer; stop, if asked to meanwhile."""
        self._release()
        if self._asked:
            sys.exit(128 + self._asked)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop, if asked to."""
        if number := self._to_stop(runner, runner.iter + 1):
            self._stop(runner, number, dict(epoch=runner.epoch, iter=runner.iter + 1))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop inside a validation, if asked to: the resumed run repeats it."""
        if not self._before or batch_idx + 1 == len(runner.val_dataloader):
            return  # no training, or the end of the validation, which others have to see
        if number := self._to_stop(runner, batch_idx + 1):
            averages = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
            for hook in averages:  # the weights of the training come back
                hook._swap_ema_parameters()
            self._stop(runner, number, dict(epoch=runner.epoch, iter=runner.iter))

    def _ask(self, number: int, frame: Any) -> None:
        self._asked = number
        with contextlib.suppress(OSError):  # not the log, whose lock the interrupted code may hold
            os.write(2, b'\nStopping after this iteration, with a checkpoint; a second signal ends it at once\n')
        self._release()

    def _release(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if not self._asked:
            self._before = {}

    def _to_stop(self, runner: Runner, count: int) -> int:
        """The number of the signal if all processes have to stop now, else 0."""
        if get_world_size() == 1:
            return self._asked
        device = next(runner.model.parameters()).device
        if device.type != 'cpu' and count % self.interval:
            return 0
        asked = torch.tensor(self._asked, device=device)
        all_reduce(asked, 'max')
        return int(asked)

    def _stop(self, runner: Runner, number: int, meta: dict[str, Any]) -> None:
        hook = next((hook for hook in runner.hooks if isinstance(hook, SafeCheckpointHook)), None)
        saved = 'no checkpoint was written, because default_hooks.checkpoint is no sltnet_mm.SafeCheckpointHook'
        if hook is not None:
            saved = f'a resumed run goes on from {hook.save_stopped(runner, meta)}'
        runner.logger.warning(f'Stopped by {signal.Signals(number).name} at iteration {meta["iter"]}: {saved}')
        barrier()  # the checkpoint is written before a rank ends
        self._release()
        sys.exit(128 + number)


class _QuietWorker:
    """The start of a process that loads data: the first signal to stop is for the training to answer."""

    def __init__(self, start: Callable[[int], None] | None) -> None:
        self.start = start

    def __call__(self, worker: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _once)
        if self.start is not None:
            self.start(worker)


def _once(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_DFL)
