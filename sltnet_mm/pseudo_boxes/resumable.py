"""Work on numbered units that several processes share, that may be cut off at any time, and that ends the same."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as torch_dist
from mmengine.dist import barrier, get_dist_info, init_dist, is_main_process

from sltnet_mm.progress import track

Work = Callable[[Sequence[int]], Iterable[tuple[int, Any]]]
_PATIENCE = datetime.timedelta(days=7)  # ranks wait for the slowest one; torch's 30 minutes end before ILSVRC does


def start_processes(launcher: str) -> torch.device:
    """Join the processes that a launcher started, and return this one's device: its GPU, or the CPU where there is
    none.

    The processes share files and barriers only, so gloo does on every machine.

    Args:
        launcher: 'none', 'pytorch' (torchrun), 'slurm' or 'mpi'.
    """
    if launcher == 'pytorch':  # mmengine's init_dist sets a CUDA device, which fails where there is none
        torch_dist.init_process_group('gloo', timeout=_PATIENCE)
    elif launcher != 'none':
        init_dist(launcher, backend='gloo', timeout=int(_PATIENCE.total_seconds()))
    if not torch.cuda.is_available():
        return torch.device('cpu')
    return torch.device('cuda', int(os.environ.get('LOCAL_RANK', 0)) % torch.cuda.device_count())


class PartFiles:
    """A folder of part files, one for each process and start: the results of units, one JSON line each.

    Args:
        folder: Made when the first result is written; whoever has the results removes it.
        header: What the results depend on; part files of another header are refused.
        restart: Remove part files of another header instead.

    Raises:
        ValueError: The folder holds parts of another header.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     parts = PartFiles(Path(root) / 'boxes.json.parts', dict(threshold=0.2))
        ...     with parts.writer() as write:
        ...         write(7, ['some', 'result'])
        ...     PartFiles(Path(root) / 'boxes.json.parts', dict(threshold=0.2)).read()
        {7: ['some', 'result']}
    """

    def __init__(self, folder: str | Path, header: dict[str, Any], restart: bool = False) -> None:
        self.folder = Path(folder)
        self.header = json.loads(json.dumps(header))  # as it will be read back: tuples as lists
        if restart and is_main_process():
            try:
                self._check_all()
            except ValueError:
                shutil.rmtree(self.folder)
        barrier()  # nobody looks at files that rank 0 is removing
        self._check_all()

    def _check_all(self) -> None:
        for path in self._files():
            self._check(path)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob('*.jsonl'))

    def _check(self, path: Path) -> None:
        with path.open() as file:
            line = file.readline()
        if not line.endswith('\n'):  # cut off before the first line was out: there is nothing in it
            return
        found = json.loads(line)
        if found != self.header:
            keys = [key for key in {**found, **self.header} if found.get(key) != self.header.get(key)]
            raise ValueError(
                f'{self.folder} holds parts of an interrupted run with other settings: '
                + '; '.join(f'{key}: {found.get(key)!r} there, {self.header.get(key)!r} now' for key in keys)
                + '. Go on with those settings, or start over with --overwrite'
            )

    def read(self) -> dict[int, Any]:
        """The results so far by unit; a line that was cut off counts as not done."""
        found: dict[int, Any] = {}
        for path in self._files():
            with path.open() as file:
                for number, line in enumerate(file):
                    if number and line.endswith('\n'):
                        unit, result = json.loads(line)
                        found[unit] = result
        return found

    def writer(self, rank: int = 0) -> _PartWriter:
        """A context manager that gives ``write(unit, result)``, into a part file of its own."""
        number = len(list(self.folder.glob(f'*-rank{rank}.jsonl')))
        return _PartWriter(self.folder / f'{number:04d}-rank{rank}.jsonl', self.header)


class _PartWriter:
    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path, self.header = path, header

    def __enter__(self) -> Callable[[int, Any], None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open('x')
        self._line(self.header)
        return self.write

    def write(self, unit: int, result: Any) -> None:
        self._line([unit, result])

    def _line(self, content: Any) -> None:
        self.file.write(json.dumps(content) + '\n')
        self.file.flush()

    def __exit__(self, *error: object) -> None:
        self.file.close()


def run_resumable(total: int, work: Work, parts: PartFiles | None = None) -> dict[int, Any] | None:
    """Do units 0 ... total - 1, shared between the processes; those found in ``parts`` are not done again.

    The units that are left are dealt to the ranks in turn; a progress bar shows rank 0's share. A unit's result must
    depend on its number alone: then one process, several, and an interrupted run that is started again give the same.

    Args:
        total: Number of units.
        work: Takes this process' units and gives pairs of unit and result (what JSON can hold), in any order.
        parts: Where results are kept until all are there; None keeps them in memory, for one process.

    Returns:
        Results by unit on rank 0, None on the others.

    Raises:
        ValueError: Several processes without ``parts``.

    Example:
        >>> results = run_resumable(3, lambda units: ((unit, unit**2) for unit in units))
        >>> results
        {0: 0, 1: 1, 2: 4}
    """
    rank, world = get_dist_info()
    if parts is None:
        if world > 1:
            raise ValueError('run_resumable: several processes meet in their part files, got parts=None')
        return dict(track(work(range(total)), 'Pseudo boxes', total))
    done = parts.read()
    left = [unit for unit in range(total) if unit not in done]
    barrier()  # everybody has read before anybody writes
    if mine := left[rank::world]:
        with parts.writer(rank) as write:
            for unit, result in track(work(mine), 'Pseudo boxes', len(mine)):
                write(unit, result)
    barrier()  # everybody has written before rank 0 reads
    return parts.read() if rank == 0 else None
