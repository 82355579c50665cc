"""Runs whose course and result go into a report: quiet on the screen, complete in their log file."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from sltnet_mm.command_line import set_epochs
from sltnet_mm.report.page import Curve


class QuietRunner(Runner):
    """mmengine's Runner with warnings and errors on the screen and everything in the log file."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """As mmengine's, then quiet on the screen."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:  # a FileHandler is one, too
                handler.setLevel(logging.WARNING)
                handler.addFilter(lambda record: 'deprecated' not in record.getMessage())  # mmengine's about itself
        return logger


class EpochLineHook(Hook):
    """One short line per training epoch: number, mean losses since the last line, seconds.

    Args:
        write: Takes the line; ``print`` by default.
    """

    priority = 'LOWEST'  # after the losses of the epoch's last iteration were noted

    def __init__(self, write: Callable[[str], object] = print) -> None:
        self.write = write

    def before_train_epoch(self, runner: Runner) -> None:
        """Note when it began."""
        self._begun, self._first = time.perf_counter(), runner.iter

    def after_train_epoch(self, runner: Runner) -> None:
        """Write the line."""
        count = max(1, runner.iter - self._first)
        scalars = runner.message_hub.log_scalars
        names = [name for name in scalars if name.startswith('train/loss_')] or ['train/loss']
        losses = ', '.join(f'{name.removeprefix("train/")} {scalars[name].mean(count):.3f}' for name in names)
        seconds = time.perf_counter() - self._begun
        self.write(f'      epoch {runner.epoch + 1}/{runner.max_epochs}: {losses}, {seconds:.1f} s')


def prepare_config(path: str | Path, work_dir: str | Path, seed: int, epochs: int | None = None) -> Config:
    """A config with another work dir, seed and, on request, number of epochs.

    Args:
        path: Of the config.
        work_dir: Where the run goes.
        seed: For ``randomness``.
        epochs: Number of training epochs; schedulers that end with the config's last epoch (``T_max``) end with the
            new one. None keeps the config's.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: ``epochs`` below 1.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'config {str(path)!r} does not exist')
    cfg = Config.fromfile(path)
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    if epochs is not None:
        set_epochs(cfg, epochs)
    return cfg


def run_folder(runner: Runner) -> Path:
    """Where a runner writes its log and scalars: ``WORK_DIR/<timestamp>``."""
    return Path(runner.work_dir) / runner.timestamp


def read_losses(folder: str | Path) -> dict[str, Curve]:
    """The losses that a training run logged, by name, as (iterations, values).

    ``loss``, the total, is left out where its parts are logged.

    Args:
        folder: Of the run, see :func:`run_folder`.

    Raises:
        FileNotFoundError: The run has logged no scalars.
    """
    path = Path(folder) / 'vis_data' / 'scalars.json'
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist: the run has logged nothing (visualizer.vis_backends needs a LocalVisBackend)'
        )
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        for name, value in entry.items():
            if name.split('_')[0] == 'loss' and 'iter' in entry:
                steps, values = curves.setdefault(name, ([], []))
                steps.append(entry['step'])
                values.append(value)
    if len(curves) > 1:
        curves.pop('loss', None)
    return dict(curves)


def predict_first(runner: Runner, count: int) -> Sequence[BaseDataElement]:
    """The predictions for the first images of the test data, on the CPU: fixed ones, not chosen by their result.

    Args:
        runner: One that has tested, so that its model holds its weights.
        count: Number of images; fewer where the data has fewer.
    """
    dataset = runner.test_dataloader.dataset
    batch = pseudo_collate([dataset[i] for i in range(min(count, len(dataset)))])
    runner.model.eval()
    with torch.no_grad():
        return [sample.cpu() for sample in runner.model.test_step(batch)]
