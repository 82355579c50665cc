#!/usr/bin/env python
"""Reproduce the paper's tables and figures: list the runs, run what is missing, and compare with the paper's numbers.

    python tools/reproduce.py --table 5 --dataset photos31 --list
    python tools/reproduce.py --table 5 --dataset photos31 --seeds 0 1 2 --jobs 3
    python tools/reproduce.py --leaderboard --dataset photos31

Runs are stored in WORK_DIR, one folder per config and seed, and are shared by tables and figures. A finished run is
repeated only if its config changes; an interrupted run is resumed. The results are WORK_DIR/table<N>_<data set>.md,
.csv and .html (for figures figure<N>_..., with .png; for the
leaderboard leaderboard_..., with .png), updated after every run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from mmengine.config import DictAction

from reproduction import DATA, Run, RunFolders, Settings, Step, Table, figure, leaderboard, table


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--table', type=int, choices=range(1, 8), metavar='1-7', help='table of the paper')
    what.add_argument('--figure', type=int, choices=(1, 4, 5, 6), help='figure of the paper')
    what.add_argument('--leaderboard', action='store_true', help='all systems: accuracy, time and size, and pictures')
    parser.add_argument('--dataset', choices=list(DATA), required=True, help='data set for training and test')
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='rows to show: numbers from 1, or parts of names')
    parser.add_argument('--list', action='store_true', help='show rows, configs, states and commands; run nothing')
    parser.add_argument('--data-root', help="folder of the data, instead of the configs'")
    parser.add_argument('--epochs', type=int, help="number of epochs, instead of the configs', for a quick try")
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], help='default: 0')
    parser.add_argument('--jobs', type=int, default=1, help='parallel processes, all on one device (default: 1)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), help='default: cuda if available')
    parser.add_argument('--work-dir', type=Path, help='default: work_dirs/reproduce/<data set>')
    parser.add_argument(
        '--drop-checkpoints', action='store_true', help='delete the checkpoints of these runs when all have finished'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='settings to override in all runs',
    )
    args = parser.parse_args()
    for name in ('jobs', 'epochs'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    args.work_dir = args.work_dir or Path('work_dirs/reproduce') / args.dataset
    args.seeds = list(dict.fromkeys(args.seeds))
    try:
        if args.leaderboard:
            args.shown = leaderboard(args.dataset)
        else:
            args.shown = table(args.table, args.dataset) if args.table else figure(args.figure, args.dataset)
        args.shown = args.shown.only(args.rows) if args.rows else args.shown
    except ValueError as error:
        parser.error(str(error))
    return args


def show(shown: Table, folders: RunFolders, seeds: list[int]) -> None:
    """Print rows, configs, states and commands."""
    from reproduction.commands import step_commands
    from reproduction.results import measure

    print(shown.title)
    for number, row in enumerate(measure(shown, folders, seeds), 1):
        paper = ', '.join(f'{key} {value}' for key, value in row.row.paper.items()) or 'no numbers'
        print(f'\n{number}. {row.row.name} [{row.state}]' + (f'; paper: {paper}' if shown.compared else ''))
        if row.row.step is None:
            continue
        for path in row.row.step.missing:
            print(f'   {path} does not exist')
        if row.runs:
            for step in row.row.step.chain():
                run = folders.run(step, seeds[0])
                print(f'   {run.name}: {run.state}, {run.folder}')
                for command in step_commands(run, folders.settings):
                    print(f'      {command}')


def missing_runs(steps: Iterable[Step], folders: RunFolders, seeds: Iterable[int]) -> list[Run]:
    """The runs that are still to be done for these steps, without duplicates, grouped by seed."""
    steps = list(steps)
    return list(dict.fromkeys(run for seed in seeds for step in steps for run in folders.todo(step, seed)))


def run_missing(table: Table, folders: RunFolders, args: argparse.Namespace) -> int:
    """Run what is missing for a table, and write the table after every run.

    Returns:
        The exit code: 0, or 1 if a run failed, or 130 after an interruption.
    """
    from reproduction.leaderboard_page import LeaderboardPage
    from reproduction.pool import Pool
    from reproduction.rendering import Rendering
    from reproduction.results import measure

    steps = [row.step for row in table.rows if row.step is not None and row.step.exists]
    runs = missing_runs(steps, folders, args.seeds)
    for run in runs:
        for old in folders.superseded(run):
            print(f'{run.name}: its config has changed since {old}, which is kept; it runs again')
    print(f'{table.title}, on {table.data.name}: {len(runs)} runs to do, in {folders.work_dir}')

    def write(pictures: bool = False) -> list[Path]:
        rows = measure(table, folders, args.seeds)
        paths: list[Path] = []
        notes: list[str] = []
        if pictures and table.drawn:
            from reproduction.drawing import draw  # imports the hosts, which --list must not wait for

            paths, notes = draw(table, rows, folders.work_dir)
        rendering = (Rendering if table.compared else LeaderboardPage)(table, rows, folders, paths)
        rendering.notes += notes
        return [*rendering.write(folders.work_dir), *paths]

    pool = Pool(folders, args.jobs, args.device, on_done=write)
    code = 0
    try:
        if not pool.do(runs):
            code = 1
            for run in pool.failed:
                print(f'not finished: {run.name}, see {run.folder}')
    except KeyboardInterrupt:
        code = 130
        print('interrupted; run the same command again to resume')
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


def main() -> int:
    """List the runs, or run what is missing and write the result; the result is the exit code."""
    args = parse_args()
    settings = Settings(args.epochs, args.data_root, args.cfg_options)
    folders = RunFolders(args.work_dir, settings)
    if args.list:
        show(args.shown, folders, args.seeds)
        return 0
    return run_missing(args.shown, folders, args)


if __name__ == '__main__':
    sys.exit(main())
