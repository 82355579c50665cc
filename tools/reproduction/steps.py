"""The steps behind one row of a table: a chain in which each step calls one tool with one config."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from sltnet_mm.config import load_config, set_epochs

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# The keys of a config that affect results; logging and checkpoint settings do not.
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
    """One call of a tool: training with its test, boxes for a data set, or an evaluation of such boxes.

    Args:
        tool: 'train' (training and test in one process), 'pseudo_boxes', 'ddt_boxes' or 'box_numbers'.
        config: Path in ``configs/`` without ``.py``.
        options: Settings of the config to override, as (key, value). Defaults to none.
        inputs: Files that it needs from other steps, as (config key or tool argument, step, file). Defaults to none.

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
        """The path of the config file."""
        return CONFIGS / f'{self.config}.py'

    @property
    def exists(self) -> bool:
        """Whether all configs of the chain exist."""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The config files of the chain that do not exist."""
        return [f'configs/{step.config}.py' for step in self.chain() if not step.path.is_file()]

    @property
    def trains(self) -> bool:
        """Whether the step trains; a pretrained classifier is only tested."""
        return self.tool == 'train' and (not self.path.is_file() or bool(load(self.path).get('train_cfg')))

    @property
    def seeded(self) -> bool:
        """Whether its result depends on a seed, because it or a step that it needs trains."""
        return self.trains or any(step.seeded for _, step, _ in self.inputs)

    def epochs(self, settings: Settings) -> int:
        """The number of training epochs."""
        if not self.trains:
            return 0
        return settings.epochs or load(self.path).train_cfg.get('max_epochs', 1)

    def chain(self) -> Iterator[Step]:
        """All steps that it needs, in order, and then itself, without duplicates."""
        seen: dict[Step, None] = {}
        for _, step, _ in self.inputs:
            seen.update(dict.fromkeys(step.chain()))
        yield from seen
        yield self


@dataclass(frozen=True)
class Settings:
    """The settings of the command line for all runs.

    Args:
        epochs: Number of training epochs. None: as in the configs. Defaults to None.
        data_root: Folder of the data. None: as in the configs. Defaults to None.
        cfg_options: Settings to override in every config. Defaults to none.
    """

    epochs: int | None = None
    data_root: str | None = None
    cfg_options: Mapping[str, Any] = field(default_factory=dict)

    def options(self, step: Step) -> dict[str, Any]:
        """The settings to override in a step's config: those of the step, then those of the command line.

        Validation runs after every epoch, to record the IoU over the epochs.
        """
        options: dict[str, Any] = {}
        if step.trains:
            options['train_cfg.val_interval'] = 1
            if self.epochs is not None:
                options |= _epochs(load(step.path), self.epochs)
        if step.tool == 'train':
            options |= dict(step.options)
        return {
            **options,
            **{_into_wrapper(key, step): value for key, value in self.cfg_options.items() if not _left_out(key, step)},
        }


def step_config(step: Step, settings: Settings) -> Config:
    """The config of a step with all changes, except for work directory, seed and files of other steps.

    Raises:
        FileNotFoundError: If the config does not exist.
    """
    return load_config(step.path, settings.options(step), settings.data_root)


@functools.cache
def load(path: Path) -> Config:
    """The unchanged config; each file is read once."""
    return Config.fromfile(path)


def _left_out(key: str, step: Step) -> bool:
    """Whether a config leaves out what a key is a part of, as one that only tests has no ``train_dataloader``."""
    cfg, first = load(step.path), key.split('.')[0]
    return '.' in key and first in cfg and cfg[first] is None


def _into_wrapper(key: str, step: Step) -> str:
    """The key of a data set's setting, adapted to configs that wrap the data set (``PseudoBoxDataset``)."""
    loader, _, rest = key.partition('.dataset.')
    wrapped = rest and 'dataset' in (load(step.path).get(loader) or {}).get('dataset', {})
    return f'{loader}.dataset.dataset.{rest}' if wrapped and not rest.startswith('dataset.') else key


def _epochs(cfg: Config, epochs: int) -> dict[str, int]:
    """The settings by which :func:`~sltnet_mm.config.set_epochs` changes a config."""
    changed = copy.deepcopy(cfg)
    set_epochs(changed, epochs)
    options = {'train_cfg.max_epochs': epochs}
    for i, scheduler in enumerate(changed.get('param_scheduler') or ()):
        if scheduler.get('T_max') != cfg.param_scheduler[i].get('T_max'):
            options[f'param_scheduler.{i}.T_max'] = epochs
    return options


def fingerprint(step: Step, settings: Settings) -> str:
    """Eight hexadecimal digits that change if a setting that affects results changes in the step or one it needs.

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
    own = dict(step.options) if step.tool != 'train' else {}
    text = json.dumps(dict(tool=step.tool, options=own, config=content, inputs=inputs), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _decisive(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _decisive(item) for key, item in value.items() if key not in _INDIFFERENT}
    if isinstance(value, list | tuple):
        return [_decisive(item) for item in value]
    return value
