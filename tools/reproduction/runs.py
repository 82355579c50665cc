"""Runs on disk: one folder per step and seed, with its state and results."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sltnet_mm
from reproduction.steps import Settings, Step, fingerprint
from sltnet_mm.structures.atomic_write import atomic_write

RESULTS, STARTED, LOG = 'results.json', 'run.json', 'log.txt'
CHECKPOINT = 'checkpoint'
"""The name of a run's last checkpoint in ``Run.inputs`` and ``Run.file``."""
_PACKAGE = Path(sltnet_mm.__file__).parent
_WITHOUT_RESULTS = ('inferencer', 'report', 'visualization')


@dataclass(frozen=True)
class Run:
    """A step with a seed, and its output folder. Runs with the same folder are equal.

    Args:
        step: The step to run.
        seed: Seed of weights and shuffling; None if the result of the step does not depend on a seed.
        folder: Output folder. Its name ends in the fingerprint of the config, so a changed config is another run, and
            two ways to the same config (such as a point of a sweep at the config's own value) are one run.
        inputs: Files that it needs from other runs, as (config key or argument, run, file). Defaults to none.
    """

    step: Step = field(compare=False)
    seed: int | None = field(compare=False)
    folder: Path = field()
    inputs: tuple[tuple[str, Run, str], ...] = field(default=(), compare=False)

    def results(self) -> dict[str, Any] | None:
        """The content of the result file; None if the run has not finished."""
        path = self.folder / RESULTS
        return json.loads(path.read_text()) if path.is_file() else None

    def file(self, name: str) -> Path | None:
        """The path of an existing output file, or None; 'checkpoint' means the last checkpoint."""
        if name == CHECKPOINT:
            return last_checkpoint(self.folder)
        path = self.folder / name
        return path if path.is_file() else None

    @property
    def state(self) -> str:
        """The state: 'done', 'interrupted' (will be resumed), 'failed' (will be tried again) or 'missing'."""
        if (self.folder / RESULTS).is_file():
            return 'done'
        if (self.folder / 'failed.txt').is_file():
            return 'failed'
        return 'interrupted' if (self.folder / STARTED).is_file() else 'missing'

    def chain(self) -> Iterator[Run]:
        """All runs that it needs, in order, and then itself, without duplicates."""
        seen: dict[Run, None] = {}
        for _, earlier, _ in self.inputs:
            seen.update(dict.fromkeys(earlier.chain()))
        yield from seen
        yield self

    @property
    def name(self) -> str:
        """A readable name: config, changed options, seed."""
        options = ''.join(f' {key.split(".")[-1]}={value}' for key, value in self.step.options)
        tool = '' if self.step.tool == 'train' else f' {self.step.tool.replace("_", " ")}'
        return f'{Path(self.step.config).name}{options}{tool}' + ('' if self.seed is None else f' seed {self.seed}')


def last_checkpoint(folder: Path) -> Path | None:
    """The last complete checkpoint of a training run, or None.

    mmengine stores the path of each complete checkpoint in a file; the folder may have been moved since then.
    """
    note = folder / 'last_checkpoint'
    path = folder / Path(note.read_text().strip()).name if note.is_file() else folder
    return path if path.is_file() else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, indent=1, default=str) + '\n')


class RunFolders:
    """The folders of runs: ``WORK_DIR/<config name>/seed<S>-<fingerprint>/``.

    Args:
        work_dir: Folder for all runs on a data set; tables share their runs.
        settings: Settings of the command line.
    """

    def __init__(self, work_dir: str | Path, settings: Settings) -> None:
        self.work_dir = Path(work_dir)
        self.settings = settings
        self._prints: dict[Step, str] = {}

    def run(self, step: Step, seed: int) -> Run:
        """The run of a step with a seed; the runs that it needs have the same seed."""
        if step not in self._prints:
            self._prints[step] = fingerprint(step, self.settings)
        tool = '' if step.tool == 'train' else f'{step.tool}-'
        own_seed = seed if step.seeded else None
        name = f'{tool}{"all" if own_seed is None else f"seed{seed}"}-{self._prints[step]}'
        inputs = tuple((key, self.run(earlier, seed), file) for key, earlier, file in step.inputs)
        return Run(step, own_seed, self.work_dir / Path(step.config).name / name, inputs)

    def todo(self, step: Step, seed: int) -> list[Run]:
        """The runs that are still to be done for a step, in order; none if its results exist.

        A finished run is included if one of its files that is needed (such as a checkpoint) was deleted.
        """
        wanted = self.run(step, seed)
        return [] if wanted.state == 'done' else _with_needs(wanted)

    def superseded(self, run: Run) -> list[Path]:
        """The folders with results of the same step and seed for another version of the config."""
        found = []
        for path in run.folder.parent.glob(f'*/{STARTED}'):
            started = json.loads(path.read_text())
            same = (started.get('tool'), started.get('options'), started.get('seed')) == (
                run.step.tool,
                _plain(dict(run.step.options)),
                run.seed,
            )
            if same and path.parent != run.folder and (path.parent / RESULTS).is_file():
                found.append(path.parent)
        return found


def _with_needs(run: Run) -> list[Run]:
    runs: dict[Run, None] = {}
    for _, earlier, file in run.inputs:
        if earlier.file(file) is None:
            runs.update(dict.fromkeys(_with_needs(earlier)))
    return [*runs, run]


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


@functools.lru_cache(maxsize=1)
def code_fingerprint(package: Path = _PACKAGE) -> str:
    """Eight hexadecimal digits for the code that affects results, which excludes reports, pictures and inferencer."""
    digest = hashlib.sha256()
    for file in sorted(package.rglob('*.py')):
        if file.relative_to(package).parts[0] not in _WITHOUT_RESULTS:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
