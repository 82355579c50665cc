"""Run what is missing for a table, and write the table after every run."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from reproduction.measured import measure
from reproduction.pool import Pool
from reproduction.rendering import Rendering
from reproduction.runs import Run, RunFolders
from reproduction.steps import Step
from reproduction.tables import Table


def missing_runs(steps: Iterable[Step], folders: RunFolders, seeds: Iterable[int]) -> list[Run]:
    """The runs that these steps still need, each once, those of one seed together."""
    steps = list(steps)
    return list(dict.fromkeys(run for seed in seeds for step in steps for run in folders.todo(step, seed)))


def carry_out(table: Table, folders: RunFolders, args: argparse.Namespace) -> int:
    """Do all that ``tools/reproduce.py`` was asked for.

    Returns:
        Exit code: 0, 1 where runs failed, 130 where it was interrupted.
    """
    steps = [row.step for row in table.rows if row.step is not None and row.step.exists]
    runs = missing_runs(steps, folders, args.seeds)
    for run in runs:
        for old in folders.superseded(run):
            print(f'{run.name}: its config has changed since {old}, which stays as it is; run again')
    print(f'{table.title}, on {table.data.name}: {len(runs)} runs to do, below {folders.work_dir}')

    def write(pictures: bool = False) -> list[Path]:
        rows = measure(table, folders, args.seeds)
        paths: list[Path] = []
        said: list[str] = []
        if pictures and table.drawn:
            from reproduction.drawing import draw  # imports the hosts: nothing that a list should wait for

            paths, said = draw(table, rows, folders.work_dir)
        rendering = Rendering(table, rows, folders, paths)
        rendering.notes += said
        return [*rendering.write(folders.work_dir), *paths]

    pool = Pool(folders, args.jobs, args.device, on_done=write)
    code = 0
    try:
        if not pool.do(runs):
            code = 1
            for run in pool.failed:
                print(f'not done: {run.name}, see {run.folder}')
    except KeyboardInterrupt:
        code = 130
        print('interrupted: the same command goes on from here')
    print('written: ' + ', '.join(map(str, write(pictures=True))))
    if args.drop_checkpoints and code == 0:
        drop_checkpoints(runs)
    return code


def drop_checkpoints(runs: Iterable[Run]) -> None:
    """Delete the checkpoints of finished runs."""
    for run in runs:
        if run.state == 'done':
            for path in run.folder.glob('*.pth'):
                path.unlink()
