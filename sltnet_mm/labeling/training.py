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
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.weights.latest import latest_checkpoint, noted_checkpoint

_FINISHED = 'finished'
"""The file that a training writes once it has ended."""


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
    latest = latest_checkpoint(cfg.work_dir)
    if latest is not None:
        cfg.resume, cfg.load_from = True, str(latest)
    runner = QuietRunner.from_cfg(cfg)
    runner.register_hook(ProgressHook())
    runner.train()
    with atomic_write(Path(cfg.work_dir) / _FINISHED) as partial:
        partial.write_text(f'{cfg.train_cfg.max_epochs} epochs\n')
    checkpoint = finished_checkpoint(cfg)
    if checkpoint is None:
        raise RuntimeError(f'the training in {cfg.work_dir} ended without its last checkpoint: see the log there')
    return checkpoint


def finished_checkpoint(cfg: Config) -> Path | None:
    """The checkpoint of the last epoch if the training, with its last validation, has ended, or None."""
    last = noted_checkpoint(cfg.work_dir)
    if last is None or not last.is_file() or not (Path(cfg.work_dir) / _FINISHED).is_file():
        return None
    return last if last.name == f'epoch_{cfg.train_cfg.max_epochs}.pth' else None


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
