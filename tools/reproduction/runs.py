"""Runs on disk: one folder for one step with one seed, its state, and what became of it."""

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
"""Name that stands for the last checkpoint among a run's files."""
_PACKAGE = Path(sltnet_mm.__file__).parent
_WITHOUT_RESULTS = ('inferencer', 'report', 'visualization')


@dataclass(frozen=True)
class Run:
    """A step with a seed, and the folder of all that it writes. Runs of one folder are the same run.

    Args:
        step: What is run.
        seed: Of weights and shuffling; None where the step has no seed.
        folder: Its name ends in the fingerprint of the config: a changed config is another run, and one config that is
            reached in two ways (a sweep's point that is the config's own value) is one run.
        inputs: What it takes from earlier runs, as (setting or argument, run, file).
    """

    step: Step = field(compare=False)
    seed: int | None = field(compare=False)
    folder: Path = field()
    inputs: tuple[tuple[str, Run, str], ...] = field(default=(), compare=False)

    def results(self) -> dict[str, Any] | None:
        """What it came to, None before it is done."""
        path = self.folder / RESULTS
        return json.loads(path.read_text()) if path.is_file() else None

    def file(self, name: str) -> Path | None:
        """A file it has written, or None: the last checkpoint where ``name`` is 'checkpoint'."""
        if name == CHECKPOINT:
            return last_checkpoint(self.folder)
        path = self.folder / name
        return path if path.is_file() else None

    @property
    def state(self) -> str:
        """'done', 'interrupted' (goes on where it stopped), 'failed' (is tried again) or 'missing'."""
        if (self.folder / RESULTS).is_file():
            return 'done'
        if (self.folder / 'failed.txt').is_file():
            return 'failed'
        return 'interrupted' if (self.folder / STARTED).is_file() else 'missing'

    def chain(self) -> Iterator[Run]:
        """All runs that it is built on, first things first, and itself; each once."""
        seen: dict[Run, None] = {}
        for _, earlier, _ in self.inputs:
            seen.update(dict.fromkeys(earlier.chain()))
        yield from seen
        yield self

    @property
    def name(self) -> str:
        """For people: config, what differs from it, seed."""
        options = ''.join(f' {key.split(".")[-1]}={value}' for key, value in self.step.options)
        tool = '' if self.step.tool == 'train' else f' {self.step.tool.replace("_", " ")}'
        return f'{Path(self.step.config).name}{options}{tool}' + ('' if self.seed is None else f' seed {self.seed}')


def last_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint of a training that was written whole.

    mmengine notes its path once it is; the note's folder may have moved since.
    """
    note = folder / 'last_checkpoint'
    path = folder / Path(note.read_text().strip()).name if note.is_file() else folder
    return path if path.is_file() else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, indent=1, default=str) + '\n')


class RunFolders:
    """Where runs lie: ``WORK_DIR/<config name>/seed<S>-<fingerprint>/``.

    Args:
        work_dir: Of all runs of a data set; tables share their runs.
        settings: Of the command line.
    """

    def __init__(self, work_dir: str | Path, settings: Settings) -> None:
        self.work_dir = Path(work_dir)
        self.settings = settings
        self._prints: dict[Step, str] = {}

    def run(self, step: Step, seed: int) -> Run:
        """The run of a step; whatever it takes from earlier steps has the same seed."""
        if step not in self._prints:
            self._prints[step] = fingerprint(step, self.settings)
        tool = '' if step.tool == 'train' else f'{step.tool}-'
        own_seed = seed if step.seeded else None
        name = f'{tool}{"all" if own_seed is None else f"seed{seed}"}-{self._prints[step]}'
        inputs = tuple((key, self.run(earlier, seed), file) for key, earlier, file in step.inputs)
        return Run(step, own_seed, self.work_dir / Path(step.config).name / name, inputs)

    def todo(self, step: Step, seed: int) -> list[Run]:
        """The runs that are left for this step, first things first; none where its results are there.

        A finished run is among them again where a later one needs a file of it that was deleted (a checkpoint).
        """
        wanted = self.run(step, seed)
        return [] if wanted.state == 'done' else _with_needs(wanted)

    def superseded(self, run: Run) -> list[Path]:
        """Folders with results of the same step and seed whose config was another one."""
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
    """Eight letters of the package's code that computes results: not of reports, pictures and the inferencer."""
    digest = hashlib.sha256()
    for file in sorted(package.rglob('*.py')):
        if file.relative_to(package).parts[0] not in _WITHOUT_RESULTS:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
