"""The commands that do by hand what a run does."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .steps import Settings

if TYPE_CHECKING:
    from .runs import Run

TOOLS = {
    'pseudo_boxes': 'tools/generate_pseudo_boxes.py',
    'ddt_boxes': 'tools/generate_ddt_boxes.py',
    'box_numbers': 'tools/analysis_tools/evaluate_boxes.py',
}
"""The tool behind each kind of step that is not a training."""


def step_commands(run: Run, settings: Settings) -> list[str]:
    """Commands, from the repository's root, that repeat a run with the tools alone; earlier runs' are not among them.

    A training is ``tools/train.py`` and ``tools/test.py``.
    """
    config = f'configs/{run.step.config}.py'
    data = ['--data-root', settings.data_root] if settings.data_root else []
    if run.step.tool != 'train':
        return [shlex.join(['python', *tool_arguments(run, settings)])]
    options = settings.options(run.step)
    if settings.epochs is not None:
        options['train_cfg.max_epochs'] = settings.epochs
    options |= {key: earlier.folder / file for key, earlier, file in run.inputs}
    train = dict(options, **{'randomness.seed': run.seed})
    test = {key: value for key, value in options.items() if not key.startswith('train')}
    checkpoint = str(run.folder / 'epoch_N.pth')
    return [
        shlex.join(['python', 'tools/train.py', config, '--work-dir', str(run.folder), *data, *_options(train)]),
        shlex.join(
            ['python', 'tools/test.py', config, checkpoint, '--work-dir', str(run.folder / 'test'), *data]
            + _options(test)
        ),
    ]


def tool_arguments(run: Run, settings: Settings) -> list[str]:
    """The tool of a step and its arguments; the output is ``boxes.json`` or ``numbers.json`` in the run's folder."""
    arguments = [TOOLS[run.step.tool]]
    positional = [str(earlier.file(file) or earlier.folder / file) for _, earlier, file in run.inputs]
    config = f'configs/{run.step.config}.py'
    arguments += [*positional, config] if run.step.tool == 'box_numbers' else [config, *positional]
    out = 'numbers.json' if run.step.tool == 'box_numbers' else 'boxes.json'
    arguments += ['--out', str(run.folder / out)]
    for key, value in run.step.options:
        arguments += [f'--{key}', str(value)]
    if settings.data_root:
        arguments += ['--data-root', settings.data_root]
    return arguments


def _options(options: Mapping[str, Any]) -> list[str]:
    return ['--cfg-options', *(f'{key}={value}' for key, value in options.items())] if options else []


def relative(path: Path) -> str:
    """A path as short as it gets from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
