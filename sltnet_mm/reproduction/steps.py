"""What has to be run for one row of a table: a chain of steps, each one call of a tool with one config."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..command_line import load_config, set_epochs

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# What decides a run's result. Paths of data, numbers of workers, logging and checkpoints do not.
_DECISIVE = (
    'model',
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'test_evaluator',
    'optim_wrapper',
    'param_scheduler',
    'train_cfg',
    'custom_hooks',
    'default_scope',
    'load_from',
    'randomness',
)
_INDIFFERENT = ('data_root', 'num_workers', 'persistent_workers', 'seed')


@dataclass(frozen=True)
class Step:
    """One call of a tool: a training with its test, boxes of a data set, or numbers of such boxes.

    Args:
        tool: 'train' (and test; one process does both), 'pseudo_boxes', 'ddt_boxes' or 'box_numbers'.
        config: Below ``configs/``, without ``.py``.
        options: Settings of the config to override, as (key, value).
        inputs: What it takes from earlier steps, as (setting of the config or argument of the tool, step, file).

    Example:
        >>> cam = Step('train', 'localizer/cam_small-conv_1xb32-10e_synthetic')
        >>> boxes = Step('pseudo_boxes', cam.config, inputs=(('checkpoint', cam, 'checkpoint'),))
        >>> [step.tool for step in boxes.chain()], boxes.exists
        (['train', 'pseudo_boxes'], True)
    """

    tool: str
    config: str
    options: tuple[tuple[str, Any], ...] = ()
    inputs: tuple[tuple[str, Step, str], ...] = ()

    @property
    def path(self) -> Path:
        """The config file."""
        return CONFIGS / f'{self.config}.py'

    @property
    def exists(self) -> bool:
        """Whether the configs of the whole chain are there."""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The config files of the chain that are not there."""
        return [f'configs/{step.config}.py' for step in self.chain() if not step.path.is_file()]

    @property
    def seeded(self) -> bool:
        """Whether its result depends on a seed: training does, and whatever is made of it."""
        return self.tool == 'train' or any(step.seeded for _, step, _ in self.inputs)

    def chain(self) -> Iterator[Step]:
        """All steps it needs, first things first, and itself; each once."""
        seen: dict[Step, None] = {}
        for _, step, _ in self.inputs:
            seen.update(dict.fromkeys(step.chain()))
        yield from seen
        yield self


@dataclass(frozen=True)
class Settings:
    """What the command line sets for all runs.

    Args:
        epochs: Training epochs in place of the configs'; None keeps them.
        data_root: Folder of the data in place of the configs'.
        cfg_options: Settings overridden in every training.
    """

    epochs: int | None = None
    data_root: str | None = None
    cfg_options: Mapping[str, Any] = field(default_factory=dict)

    def options(self, step: Step) -> dict[str, Any]:
        """What is overridden in this step's config: of the command line, and the step's own.

        Validation runs after every epoch, for the IoU over the epochs.
        """
        every_epoch = {'train_cfg.val_interval': 1} if step.tool == 'train' else {}
        return {**every_epoch, **dict(step.options), **self.cfg_options}


def step_config(step: Step, settings: Settings) -> Config:
    """The config of a step as it is run, without what only its place decides (work dir, seed, files of earlier steps).

    Raises:
        FileNotFoundError: There is no such config.
    """
    arguments = argparse.Namespace(
        config=str(step.path),
        cfg_options=settings.options(step),
        data_root=settings.data_root,
        work_dir=None,
        launcher='none',
        local_rank=0,
    )
    cfg = load_config(arguments)
    if settings.epochs is not None and cfg.get('train_cfg'):
        set_epochs(cfg, settings.epochs)
    return cfg


def fingerprint(step: Step, settings: Settings) -> str:
    """Eight letters that change when the config of the step, or of a step it builds on, changes what comes out.

    Example:
        >>> cam = Step('train', 'localizer/cam_small-conv_1xb32-10e_synthetic')
        >>> fingerprint(cam, Settings()) == fingerprint(cam, Settings(epochs=10))
        True
        >>> fingerprint(cam, Settings()) == fingerprint(cam, Settings(epochs=9))
        False
    """
    cfg = step_config(step, settings)
    inputs = {key: (fingerprint(earlier, settings), name) for key, earlier, name in step.inputs}
    content = {key: _decisive(cfg[key]) for key in _DECISIVE if cfg.get(key) is not None}
    text = json.dumps(dict(tool=step.tool, config=content, inputs=inputs), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _decisive(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _decisive(item) for key, item in value.items() if key not in _INDIFFERENT}
    if isinstance(value, list | tuple):
        return [_decisive(item) for item in value]
    return value
