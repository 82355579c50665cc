"""Parallel runs, each in its own process; a run starts as soon as the runs that it needs have finished."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from multiprocessing import connection as mp_connection
from typing import Any

from reproduction.commands import step_commands
from reproduction.runs import LOG, RESULTS, STARTED, Run, RunFolders, code_fingerprint, write_json
from reproduction.steps import Settings

_WORKER = 'reproduction.worker'
_HEARTBEAT = 60.0  # seconds after which a progress line is printed if there is no other output


def work_on(*arguments: Any) -> None:
    """Call :func:`.worker.work`, imported only in the worker, because the import takes 20 seconds."""
    from reproduction.worker import work

    work(*arguments)


def probe_gpu(pipe: Any) -> None:
    """Call :func:`.worker.probe`, imported only in the worker."""
    from reproduction.worker import probe

    probe(pipe)


@dataclass
class Pool:
    """A pool of processes that execute runs.

    Args:
        folders: Folders of the runs.
        jobs: Number of parallel processes. Defaults to 1.
        device: 'cpu', 'cuda', or None for a GPU if available. Defaults to None.
        say: Function that takes progress lines. Defaults to ``print``.
        on_done: Function called after every finished run. Defaults to a function that does nothing.
        failed: Runs that failed, or that need one that failed.
    """

    folders: RunFolders
    jobs: int = 1
    device: str | None = None
    say: Callable[[str], object] = print
    on_done: Callable[[], object] = lambda: None
    failed: list[Run] = field(default_factory=list)

    def do(self, runs: Sequence[Run]) -> bool:
        """Execute runs, the longest first; a run is skipped if one that it needs fails.

        Args:
            runs: The runs.

        Returns:
            Whether all runs finished. ``failed`` lists the others.

        Raises:
            KeyboardInterrupt: If interrupted by Ctrl-C or SIGTERM; active runs are resumed next time.
            RuntimeError: If ``device`` is 'cuda' but there is no GPU.
        """
        waiting, self.failed = longest_first(runs, self.folders), []
        total, self.done = len(waiting), 0
        if not waiting:
            return True
        # A failed run is never reported to the sorter as done, so the runs that need it never become ready.
        self._order = TopologicalSorter({run: _needs(run, waiting) for run in waiting})
        self._order.prepare()
        ready: set[Run] = set()
        self.begun = time.perf_counter()
        context = self._context()
        active: dict[Any, tuple[Run, Any, float]] = {}
        with _terminated_by(signal.SIGTERM):
            try:
                while True:
                    ready.update(self._order.get_ready())
                    for run in [run for run in waiting if run in ready][: self.jobs - len(active)]:
                        waiting.remove(run)
                        self._start(context, run, active)
                    if not active:
                        break  # all runs finished, or the remaining ones need a failed run
                    self._listen(active, total)
            finally:
                for process in active:
                    process.terminate()
                for process in active:
                    process.join()
        self.failed += waiting
        return not self.failed

    def _context(self) -> Any:
        """Processes that start fast: forks of a server with all imports, or spawned ones if a fork cannot use CUDA."""
        os.environ.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1) // self.jobs)))
        os.environ['PYTORCH_NVML_BASED_CUDA_CHECK'] = '1'  # otherwise importing mmengine makes CUDA unusable in forks
        if self.device == 'cpu':
            os.environ['CUDA_VISIBLE_DEVICES'] = ''
        self.say('importing torch, mmengine, mmdet, mmpretrain ...')
        for method in ('forkserver', 'spawn'):
            context: Any = multiprocessing.get_context(method)
            if method == 'forkserver':
                context.set_forkserver_preload([_WORKER])
            if self.device == 'cpu':
                return context
            mine, other = context.Pipe()
            process = context.Process(target=probe_gpu, args=(other,))
            process.start()
            found = mine.recv()
            process.join()
            if isinstance(found, str):
                self.say(f'GPU: {found}')
                return context
            if 'fork' not in str(found):
                break
        if self.device == 'cuda':
            raise RuntimeError(f'--device cuda needs a GPU that torch can use ({found}). Use --device cpu')
        return multiprocessing.get_context('forkserver')

    def _start(self, context: Any, run: Run, active: dict) -> None:
        resumed = run.state == 'interrupted' and run.file('checkpoint')
        note_start(run, self.folders.settings)
        mine, other = context.Pipe(duplex=False)
        process = context.Process(target=work_on, args=(run, self.folders.settings, other))
        process.start()
        other.close()
        active[process] = (run, mine, time.perf_counter())
        self._say(f'{"resumed: " if resumed else "started: "}{run.name}')

    def _listen(self, active: dict, total: int) -> None:
        """Wait for the next output line or finished process, and report it."""
        sources = {pipe: process for process, (_, pipe, _) in active.items()}
        ready = mp_connection.wait([*sources, *(process.sentinel for process in active)], timeout=_HEARTBEAT)
        if not ready:
            self._say(f'{len(active)} running, {self.done} of {total} finished')
        for pipe in [pipe for pipe in sources if pipe in ready]:
            run, *_ = active[sources[pipe]]
            try:
                self._say(f'{run.name}: {pipe.recv()}')
            except EOFError:
                sources[pipe].join()
        for process in [process for process in active if not process.is_alive()]:
            run, pipe, begun = active.pop(process)
            while pipe.poll():
                try:
                    self._say(f'{run.name}: {pipe.recv()}')
                except EOFError:
                    break
            process.join()
            if run.state == 'done' and process.exitcode == 0:
                self.done += 1
                self._order.done(run)
                self._say(
                    f'[{self.done}/{total}] done: {run.name}{_headline(run)}, {time.perf_counter() - begun:.0f} s'
                )
                self.on_done()
            else:
                self.failed.append(run)
                self._say(f'FAILED: {run.name} (exit code {process.exitcode}), see {run.folder / LOG}')

    def _say(self, text: str) -> None:
        self.say(f'{time.perf_counter() - self.begun:5.0f} s  {text}')


def longest_first(runs: Sequence[Run], folders: RunFolders) -> list[Run]:
    """The runs without duplicates, sorted by the epochs that they and the longest chain depending on them take."""
    unique = list(dict.fromkeys(runs))
    left: dict[Run, int] = {}
    for run in reversed(unique):  # runs come after those that they need
        waits = [later for later in left if run in [earlier for _, earlier, _ in later.inputs]]
        left[run] = run.step.epochs(folders.settings) + max((left[later] for later in waits), default=0)
    return sorted(unique, key=lambda run: -left[run])


def _needs(run: Run, runs: Sequence[Run]) -> list[Run]:
    """The runs, among these, whose files a run needs."""
    return [earlier for _, earlier, _ in run.inputs if earlier in runs]


def _headline(run: Run) -> str:
    metrics = (run.results() or {}).get('metrics', {})
    known = {source: metrics.get(f'{source}/sltnet/gt_known') for source in ('map', 'box')}
    return ''.join(f', GT-known {value:.1f} ({source})' for source, value in known.items() if value is not None)


def note_start(run: Run, settings: Settings) -> None:
    """Write a file that describes the run about to start."""
    write_json(
        run.folder / STARTED,
        dict(
            tool=run.step.tool,
            config=f'configs/{run.step.config}.py',
            options=dict(run.step.options),
            seed=run.seed,
            code=code_fingerprint(),
            commands=step_commands(run, settings),
        ),
    )
    for stale in (RESULTS, 'failed.txt'):
        (run.folder / stale).unlink(missing_ok=True)


@contextmanager
def _terminated_by(number: int) -> Iterator[None]:
    """Make a signal interrupt the block as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)
