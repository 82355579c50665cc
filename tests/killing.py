"""``kill -9`` at random moments: how a run is killed, started again and compared with one that nothing disturbed."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sltnet_mm.weights.loading import load_checkpoint_file

_TIMES = ('time', 'data_time', 'eta', 'memory', 'epoch_time')


def context() -> Any:
    """Processes that start in a moment: forks of a server that has imported everything."""
    found = multiprocessing.get_context('forkserver')
    found.set_forkserver_preload(['victims'])
    return found


def run_tool(*arguments: Any) -> None:
    """``victims.run_tool``, imported in the started process only."""
    from victims import run_tool as run

    run(*arguments)


def _nothing() -> None:
    """The work of a process that is started for the server's imports."""


@dataclass
class Job:
    """A tool with its arguments, on one rank or several."""

    tool: str
    arguments: Sequence[Any]
    log: Path
    ranks: int = 1
    result: Path | None = None  # the tool refuses to start again when it has written this file, its last act
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Any] = field(default_factory=list)

    def start(self) -> None:
        settings = dict(OMP_NUM_THREADS='1', **self.settings)
        if self.ranks > 1:
            with socket.socket() as probe:
                probe.bind(('127.0.0.1', 0))
                settings |= dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(probe.getsockname()[1]))
            settings['WORLD_SIZE'] = str(self.ranks)
        arguments = [str(argument) for argument in self.arguments]
        self.processes = []
        for rank in range(self.ranks):
            of_rank = dict(settings, RANK=str(rank), LOCAL_RANK=str(rank)) if self.ranks > 1 else settings
            process = context().Process(target=run_tool, args=(self.tool, arguments, str(self.log), of_rank))
            process.start()
            self.processes.append(process)

    def wait(self, seconds: float) -> bool:
        """Whether all processes end within this time."""
        end = time.monotonic() + seconds
        left = list(self.processes)
        while left and (rest := end - time.monotonic()) > 0:
            connection.wait([process.sentinel for process in left], rest)
            left = [process for process in left if process.is_alive()]
        return not left

    def kill(self, number: int = signal.SIGKILL) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        for process in self.processes:
            process.join()

    def finish(self, seconds: float = 300) -> None:
        """Run to the end without a disturbance."""
        self.start()
        if not self.wait(seconds):
            self.kill()
            raise AssertionError(f'{self.tool} did not end in {seconds} s: {self.output()}')
        self.check()

    def check(self) -> None:
        codes = [process.exitcode for process in self.processes]
        assert codes == [0] * self.ranks, f'{self.tool} ended with {codes}: {self.output()}'

    def output(self) -> str:
        return self.log.read_text(errors='replace')[-4000:]


def kill_at_random(
    make: Callable[[Path], Job],
    compare: Callable[[Path, Path], None],
    folder: Path,
    kills: int,
    seed: int,
    check: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Kill runs until ``kills`` times are reached, and compare each that ended with one that was never killed.

    Args:
        make: The job for an output folder; started again it goes on, or repeats the work.
        compare: Raises if two folders differ; called with that of the whole run and of one that was killed.
        folder: An empty folder.
        kills: Number of kills.
        seed: Seed of the moments, which are printed.
        check: Looks at a folder after each kill.
    """
    server = context().Process(target=_nothing)  # the imports of the server are not counted
    server.start()
    server.join()
    whole = folder / 'whole'
    whole.mkdir()
    begun = time.monotonic()
    make(whole).finish()
    seconds = time.monotonic() - begun
    moments = random.Random(seed)
    print(f'\n{kills} kills of {make(whole).tool}, seed {seed}; a run takes {seconds:.1f} s', flush=True)
    done = chain = 0
    while done < kills:
        chain += 1
        killed, moments_of_chain = folder / f'killed{chain}', []
        killed.mkdir()
        while True:
            job = make(killed)
            if job.result is not None and job.result.exists():
                break
            job.start()
            moment = moments.uniform(0, seconds)
            last = done >= kills
            if job.wait(300 if last else moment):
                job.check()
                break
            assert not last, f'{job.tool} did not end: {job.output()}'
            job.kill()
            done += 1
            moments_of_chain.append(round(moment, 3))
            check(killed)
        try:
            compare(whole, killed)
        except AssertionError as error:
            text = f'seed {seed}, killed after {moments_of_chain} s of {seconds:.1f} s: {error}'
            raise AssertionError(text) from None
    print(f'{done} kills in {chain} chains', flush=True)


def same_training(whole: Path, killed: Path, name: str) -> None:
    """Raise if the weights, the optimizer, the message hub or the logs of two work directories differ in a bit."""
    one, other = (load_checkpoint_file(folder / name) for folder in (whole, killed))
    assert one.keys() == other.keys()
    for key in one.keys() - {'meta', 'message_hub', 'exact_resume'}:
        _same(one[key], other[key], key)
    _same(_without_times(one['message_hub']), _without_times(other['message_hub']), 'message_hub')
    _same(one['exact_resume'], other['exact_resume'], 'exact_resume')
    logs = [logged(folder) for folder in (whole, killed)]
    assert logs[0], 'no logs'
    assert logs[0] == logs[1], {key: (logs[0].get(key), logs[1].get(key)) for key in logs[0] if logs[0] != logs[1]}


def logged(folder: Path) -> dict[tuple, Any]:
    """Each logged number by kind of step, step and name: what was logged last of it, as a repeated step logs again."""
    found = {}
    for path in sorted(folder.glob('*/vis_data/*.json')):
        if path.name != 'scalars.json':
            continue
        for line in path.read_text().splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # cut off by a kill
                continue
            kind = 'train' if 'lr' in row else 'val'
            step = row.get('step')
            for key, value in row.items():
                if not key.endswith(_TIMES) and key != 'step':
                    found[kind, step, key] = value
    return found


def _without_times(hub: dict) -> dict:
    scalars = {
        key: [np.asarray(part) for part in value.data] if hasattr(value, 'data') else value
        for key, value in hub['log_scalars'].items()
        if not key.endswith(_TIMES)
    }
    info = {
        key: value
        for key, value in hub['runtime_info'].items()
        if key not in ('experiment_name', 'cfg', 'last_ckpt', 'eta', 'best_ckpt') and not key.endswith(_TIMES)
    }
    return dict(scalars=scalars, info=info)


def _same(one: Any, other: Any, where: str) -> None:
    assert type(one) is type(other), f'{where}: {type(one)} and {type(other)}'
    if isinstance(one, dict):
        assert one.keys() == other.keys(), f'{where}: {sorted(map(str, one.keys() ^ other.keys()))}'
        for key in one:
            _same(one[key], other[key], f'{where}.{key}')
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            _same(a, b, f'{where}[{i}]')
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, np.ndarray):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == 'f'), where
    else:
        assert one == other or (one != one and other != other), f'{where}: {one!r} and {other!r}'
