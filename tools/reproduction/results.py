"""Our numbers for the rows of a table, collected from the folders of the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from reproduction.runs import Run, RunFolders
from reproduction.tables import Row, Table


@dataclass(frozen=True)
class MeasuredRow:
    """A row of a table with our numbers.

    Args:
        row: The row.
        state: 'paper only', 'no config', the state of all runs, or the number of runs in each state.
        numbers: Our numbers in percent by key, by seed.
        results: Content of the runs' result files, by seed.
        runs: The runs by seed, finished or not. Defaults to none.
    """

    row: Row
    state: str
    numbers: dict[int, dict[str, float]]
    results: dict[int, dict[str, Any]]
    runs: Mapping[int, Run] = field(default_factory=dict)

    def mean(self, key: str) -> float | None:
        """The mean over the seeds; None if there is no number."""
        values = self.values(key)
        return mean(values) if values else None

    def values(self, key: str) -> list[float]:
        """The numbers of all seeds, in the order of the seeds."""
        return [numbers[key] for numbers in self.numbers.values() if key in numbers]

    def difference(self, key: str) -> float | None:
        """Our number minus the paper's; meaningful only on the paper's own data sets."""
        ours, paper = self.mean(key), self.row.paper.get(key)
        return None if ours is None or paper is None else ours - paper


def measure(table: Table, folders: RunFolders, seeds: Sequence[int]) -> list[MeasuredRow]:
    """Our numbers for all rows of a table, as far as there are finished runs."""
    return [_measure(row, folders, seeds) for row in table.rows]


def _measure(row: Row, folders: RunFolders, seeds: Sequence[int]) -> MeasuredRow:
    if row.state or row.step is None:
        return MeasuredRow(row, row.state, {}, {})
    own_seeds = seeds if row.step.seeded else seeds[:1]
    runs = {seed: folders.run(row.step, seed) for seed in own_seeds}
    results = {seed: found for seed, run in runs.items() if (found := run.results()) is not None}
    numbers = {}
    if results:
        from sltnet_mm.report.results import result_row  # imports torch, which a list of runs must not wait for

        numbers = {
            seed: dict(result_row(row.name, '', result['metrics'], row.source).numbers)
            for seed, result in results.items()
        }
    states = [run.state for run in runs.values()]
    counts = {state: states.count(state) for state in ('done', 'interrupted', 'failed', 'missing') if state in states}
    state = next(iter(counts)) if len(counts) == 1 else ', '.join(f'{n} {state}' for state, n in counts.items())
    return MeasuredRow(row, state, numbers, results, runs)
