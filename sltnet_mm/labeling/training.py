"""The training of a run: quiet, with progress and time left, resumed where it was interrupted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import Runner

from sltnet_mm.hooks.preprocessing_hook import Comparison, PreprocessingHook, preprocessing_of
from sltnet_mm.labeling.run_config import set_preprocessing
from sltnet_mm.progress import progress
from sltnet_mm.report.runs import QuietRunner


class ProgressHook(Hook):
    """Show the progress of a training, with the time left."""

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Begin with what is left of the training."""
        self._shown = ExitStack()
        self._advance = self._shown.enter_context(progress('Training', runner.max_iters - runner.iter))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """One more iteration is done."""
        self._advance(1)

    def after_train(self, runner: Runner) -> None:
        """End the bar."""
        self._shown.close()


def train(cfg: Config) -> Path:
    """Train, or go on with an interrupted training; nothing is done if it was finished.

    Returns:
        The checkpoint of the last epoch.
    """
    done = finished_checkpoint(cfg)
    if done is not None:
        return done
    cfg.resume = (Path(cfg.work_dir) / 'last_checkpoint').is_file()
    runner = QuietRunner.from_cfg(cfg)
    runner.register_hook(ProgressHook())
    runner.train()
    checkpoint = finished_checkpoint(cfg)
    if checkpoint is None:
        raise RuntimeError(f'the training in {cfg.work_dir} ended without its last checkpoint: see the log there')
    return checkpoint


def finished_checkpoint(cfg: Config) -> Path | None:
    """The checkpoint of the last epoch if the training has reached it, or None."""
    last = last_checkpoint(cfg)
    return last if last is not None and _epochs_of(last) >= cfg.train_cfg.max_epochs else None


def last_checkpoint(cfg: Config) -> Path | None:
    """The newest checkpoint of the training, or None."""
    note = Path(cfg.work_dir) / 'last_checkpoint'
    if not note.is_file():
        return None
    # The folder of the results may have been moved since.
    path = Path(cfg.work_dir) / Path(note.read_text().strip()).name
    return path if path.is_file() else None


def _epochs_of(checkpoint: Path | None) -> int:
    return 0 if checkpoint is None else int(checkpoint.stem.removeprefix('epoch_'))


def fit_preprocessing(cfg: Config) -> Comparison | None:
    """Give the config the preprocessing that its pretrained weights want, in place, where that is clear.

    Returns:
        The comparison; None if there are too few images for one.
    """
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    backbone: Any = MODELS.build(dict(cfg.model.localizer.backbone, _scope_='mmpretrain'))
    backbone.init_weights()
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    current = preprocessing_of(_Holder(preprocessor))
    if current is None:
        return None
    found = PreprocessingHook().compare(backbone, dataset, current)
    if found is not None and found.better is not None:
        set_preprocessing(cfg, found.better)
    return found


class _Holder(torch.nn.Module):
    """A module that has nothing but a preprocessor."""

    def __init__(self, data_preprocessor: torch.nn.Module) -> None:
        super().__init__()
        self.data_preprocessor = data_preprocessor
