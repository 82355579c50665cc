"""The commands that repeat a run by hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reproduction.runs import CHECKPOINT, Run, last_checkpoint
from reproduction.steps import Settings, load

TOOLS = {
    'pseudo_boxes': 'tools/generate_pseudo_boxes.py',
    'ddt_boxes': 'tools/generate_ddt_boxes.py',
    'box_numbers': 'tools/analysis_tools/evaluate_boxes.py',
}
"""The tool of each kind of step other than training."""
OUTPUTS = dict(pseudo_boxes='boxes.json', ddt_boxes='boxes.json', box_numbers='numbers.json')
"""The file that each tool writes, atomically."""
SCORES = 'scores.npz'
"""The file with a classifier's scores on the test images."""


def step_commands(run: Run, settings: Settings) -> list[str]:
    """The commands, from the repository's root, that repeat a run with the tools, without the runs that it needs.

    For training, these are ``tools/train.py`` and ``tools/test.py``.
    """
    config = f'configs/{run.step.config}.py'
    data = ['--data-root', settings.data_root] if settings.data_root else []
    if run.step.tool != 'train':
        return [shlex.join(['python', *tool_arguments(run, settings)])]
    options = settings.options(run.step) | {key: earlier.folder / file for key, earlier, file in run.inputs}
    checkpoint = _file(run, CHECKPOINT, settings)
    test = ['python', 'tools/test.py', config, str(checkpoint), '--work-dir', str(run.folder / 'test'), *data]
    if run.step.config.startswith('classifier/'):
        test += ['--out-scores', str(run.folder / SCORES)]
    untrained = {key: value for key, value in options.items() if not key.startswith(('train_', 'param_scheduler'))}
    test += _options(untrained)
    if not run.step.trains:
        test[3] = str(load(run.step.path).load_from)
        return [shlex.join(test)]
    train = _options(dict(options, **{'randomness.seed': run.seed}))
    return [
        shlex.join(['python', 'tools/train.py', config, '--work-dir', str(run.folder), *data, *train]),
        shlex.join(test),
    ]


def tool_arguments(run: Run, settings: Settings) -> list[str]:
    """The tool of a step and its arguments; the output file is in the run's folder."""
    arguments = [TOOLS[run.step.tool]]
    positional = [str(_file(earlier, file, settings)) for _, earlier, file in run.inputs]
    config = f'configs/{run.step.config}.py'
    arguments += [*positional, config] if run.step.tool == 'box_numbers' else [config, *positional]
    arguments += ['--out', str(run.folder / OUTPUTS[run.step.tool])]
    for key, value in run.step.options:
        arguments += [f'--{key}', str(value)]
    if settings.data_root:
        arguments += ['--data-root', settings.data_root]
    return arguments + _options(settings.options(run.step))


def _file(run: Run, name: str, settings: Settings) -> Path:
    """The path of a run's file, whether or not it exists yet."""
    if name == CHECKPOINT:
        return last_checkpoint(run.folder) or run.folder / f'epoch_{run.step.epochs(settings)}.pth'
    return run.folder / name


def _options(options: Mapping[str, Any]) -> list[str]:
    return ['--cfg-options', *(f'{key}={value}' for key, value in options.items())] if options else []
