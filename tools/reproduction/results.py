"""Our numbers for the rows of a table, collected from the runs' folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from reproduction.runs import Run, RunFolders
from reproduction.tables import Row, Table
from sltnet_mm.report.results import result_row


@dataclass(frozen=True)
class MeasuredRow:
    """A row with what was measured.

    Args:
        row: The row.
        state: 'done', 'paper only', 'no config', or how many seeds are done and what the others are.
        numbers: Our numbers in percent by key, one dict per seed.
        results: What the runs wrote down, one per seed.
        runs: One a seed, done or not.
    """

    row: Row
    state: str
    numbers: dict[int, dict[str, float]]
    results: dict[int, dict[str, Any]]
    runs: Mapping[int, Run] = field(default_factory=dict)

    def mean(self, key: str) -> float | None:
        """The mean over the seeds, None where nothing was measured."""
        values = self.values(key)
        return mean(values) if values else None

    def values(self, key: str) -> list[float]:
        """The number of every seed, in the order of the seeds."""
        return [numbers[key] for numbers in self.numbers.values() if key in numbers]

    def difference(self, key: str) -> float | None:
        """Ours minus the paper's; meaningful only on the data sets of the paper."""
        ours, paper = self.mean(key), self.row.paper.get(key)
        return None if ours is None or paper is None else ours - paper


def measure(table: Table, folders: RunFolders, seeds: Sequence[int]) -> list[MeasuredRow]:
    """Collect what there is of a table."""
    return [_measure(row, folders, seeds) for row in table.rows]


def _measure(row: Row, folders: RunFolders, seeds: Sequence[int]) -> MeasuredRow:
    if row.state or row.step is None:
        return MeasuredRow(row, row.state, {}, {})
    own_seeds = seeds if row.step.seeded else seeds[:1]
    runs = {seed: folders.run(row.step, seed) for seed in own_seeds}
    results = {seed: found for seed, run in runs.items() if (found := run.results()) is not None}
    numbers = {
        seed: dict(result_row(row.name, '', result['metrics'], row.source).numbers) for seed, result in results.items()
    }
    states = [run.state for run in runs.values()]
    counts = {state: states.count(state) for state in ('done', 'interrupted', 'failed', 'missing') if state in states}
    state = next(iter(counts)) if len(counts) == 1 else ', '.join(f'{n} {state}' for state, n in counts.items())
    return MeasuredRow(row, state, numbers, results, runs)
