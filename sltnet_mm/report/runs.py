"""Runs for a report: short output on the screen, complete output in the log file."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from sltnet_mm.config import load_config, set_epochs
from sltnet_mm.report.page import Curve


class QuietRunner(Runner):
    """An mmengine Runner that shows only warnings and errors on the screen; the log file has everything."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """The logger of mmengine's Runner, with only warnings and errors on the screen."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:  # not isinstance: FileHandler is a subclass
                handler.setLevel(logging.WARNING)
                handler.addFilter(_is_news)
        return logger


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a warning is worth showing: mmengine also warns of its own old names, and of each frozen weight."""
    text = record.getMessage()
    return 'deprecated' not in text and 'is skipped since its requires_grad=False' not in text


class EpochLineHook(Hook):
    """A hook that writes one line per training epoch: number, mean losses of the epoch, seconds.

    Args:
        write: Function that takes the line. Defaults to ``print``.
    """

    priority = 'LOWEST'  # after the losses of the last iteration are recorded

    def __init__(self, write: Callable[[str], object] = print) -> None:
        self.write = write

    def before_train_epoch(self, runner: Runner) -> None:
        """Record the start of the epoch."""
        self._begun, self._first = time.perf_counter(), runner.iter

    def after_train_epoch(self, runner: Runner) -> None:
        """Write the line."""
        count = max(1, runner.iter - self._first)
        scalars = runner.message_hub.log_scalars
        names = [name for name in scalars if name.startswith('train/loss_')] or ['train/loss']
        losses = ', '.join(f'{name.removeprefix("train/")} {scalars[name].mean(count):.3f}' for name in names)
        seconds = time.perf_counter() - self._begun
        self.write(f'      epoch {runner.epoch + 1}/{runner.max_epochs}: {losses}, {seconds:.1f} s')


class FirstPredictionsHook(Hook):
    """A hook that keeps a test's predictions for its first images, on the CPU; they are not selected by result.

    Args:
        count: Number of images to keep.

    Example:
        >>> hook = FirstPredictionsHook(2)
        >>> hook.after_test_iter(None, 0, outputs=[BaseDataElement() for _ in range(5)])
        >>> len(hook.samples)
        2
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.samples: list[BaseDataElement] = []

    def before_test_epoch(self, runner: Runner) -> None:
        """Forget an earlier test."""
        self.samples = []

    def after_test_iter(
        self, runner: Runner | None, batch_idx: int, data_batch: Any = None, outputs: Sequence[BaseDataElement] = ()
    ) -> None:
        """Keep what is still wanted of a batch."""
        self.samples += [sample.cpu() for sample in outputs[: self.count - len(self.samples)]]


def prepare_config(path: str | Path, work_dir: str | Path, seed: int, epochs: int | None = None) -> Config:
    """A config with another work directory, seed and, optionally, number of epochs.

    Args:
        path: Path of the config.
        work_dir: Work directory of the run.
        seed: Seed for ``randomness``.
        epochs: Number of training epochs; a scheduler whose ``T_max`` is the last epoch is changed too. None: as in the
            config. Defaults to None.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If ``epochs`` is below 1.
    """
    cfg = load_config(path)
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    if epochs is not None:
        set_epochs(cfg, epochs)
    return cfg


def run_folder(runner: Runner) -> Path:
    """The folder of a runner's log and scalars, ``WORK_DIR/<timestamp>``."""
    return Path(runner.work_dir) / runner.timestamp


def read_losses(folder: str | Path) -> dict[str, Curve]:
    """The losses logged by a training run, as name -> (iterations, values).

    The total, ``loss``, is left out if its parts are logged.

    Args:
        folder: Folder of the run, see :func:`run_folder`.

    Raises:
        FileNotFoundError: If the run has no log of scalars.
    """
    path = Path(folder) / 'vis_data' / 'scalars.json'
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist, so there are no logged losses. Add a LocalVisBackend to visualizer.vis_backends'
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
