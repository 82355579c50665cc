"""Resumable work shared between processes: units are numbered, finished ones are kept, and a restarted run gives the
same result.
"""

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
_PATIENCE = datetime.timedelta(days=7)  # ranks wait for the slowest one; torch's 30 minutes are not enough for ILSVRC


def start_processes(launcher: str) -> torch.device:
    """Connect the processes of a launcher.

    The processes share only files and barriers, so the gloo backend is enough.

    Args:
        launcher: 'none', 'pytorch' (torchrun), 'slurm' or 'mpi'.

    Returns:
        The device of this process: its GPU, or the CPU if there is none.
    """
    if launcher == 'pytorch':  # mmengine's init_dist sets a CUDA device, which fails without a GPU
        torch_dist.init_process_group('gloo', timeout=_PATIENCE)
    elif launcher != 'none':
        init_dist(launcher, backend='gloo', timeout=int(_PATIENCE.total_seconds()))
    if not torch.cuda.is_available():
        return torch.device('cpu')
    return torch.device('cuda', int(os.environ.get('LOCAL_RANK', 0)) % torch.cuda.device_count())


class PartFiles:
    """A folder of part files, one per process and start, with the result of each unit as a JSON line.

    Args:
        folder: Folder of the files. It is created with the first result; the caller removes it after the last.
        header: Settings that the results depend on; part files with another header are an error.
        restart: Remove part files with another header instead. Defaults to False.

    Raises:
        ValueError: If the folder has part files with another header.

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
        self.header = json.loads(json.dumps(header))  # as it is read back, with tuples as lists
        if restart and is_main_process():
            try:
                self._check_all()
            except ValueError:
                shutil.rmtree(self.folder)
        barrier()  # no rank reads files while rank 0 removes them
        self._check_all()

    def _check_all(self) -> None:
        for path in self._files():
            self._check(path)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob('*.jsonl'))

    def _check(self, path: Path) -> None:
        with path.open() as file:
            line = file.readline()
        if not line.endswith('\n'):  # interrupted before the first line was complete, so there are no results
            return
        found = json.loads(line)
        if found != self.header:
            keys = [key for key in {**found, **self.header} if found.get(key) != self.header.get(key)]
            raise ValueError(
                f'{self.folder} has results of an interrupted run with other settings: '
                + '; '.join(f'{key}: {found.get(key)!r} then, {self.header.get(key)!r} now' for key in keys)
                + '. Use the same settings to resume, or --overwrite to start over'
            )

    def read(self) -> dict[int, Any]:
        """The results so far by unit; a truncated line counts as not finished."""
        found: dict[int, Any] = {}
        for path in self._files():
            with path.open() as file:
                for number, line in enumerate(file):
                    if number and line.endswith('\n'):
                        unit, result = json.loads(line)
                        found[unit] = result
        return found

    def writer(self, rank: int = 0) -> _PartWriter:
        """A context manager that provides ``write(unit, result)`` for a new part file."""
        # not their count: a process that was killed while it removed the files may have left the later ones
        taken = [int(path.name.split('-')[0]) for path in self.folder.glob(f'*-rank{rank}.jsonl')]
        number = max(taken, default=-1) + 1
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
    """Process the units 0 to total - 1, shared between processes; units already in ``parts`` are skipped.

    The remaining units are distributed over the ranks; a progress bar shows the share of rank 0. The result of a unit
    must depend only on its number. Then one process, several processes, and an interrupted and restarted run give the
    same results.

    Args:
        total: Number of units.
        work: Function that takes the units of this process and yields pairs of unit and result (JSON values), in any
            order.
        parts: Storage for partial results. None: results are kept in memory, for one process only. Defaults to None.

    Returns:
        The results by unit on rank 0, None on other ranks.

    Raises:
        ValueError: If there are several processes but no ``parts``.

    Example:
        >>> results = run_resumable(3, lambda units: ((unit, unit**2) for unit in units))
        >>> results
        {0: 0, 1: 1, 2: 4}
    """
    rank, world = get_dist_info()
    if parts is None:
        if world > 1:
            raise ValueError('run_resumable: several processes need parts to share results, got parts=None')
        return dict(track(work(range(total)), 'Pseudo boxes', total))
    done = parts.read()
    left = [unit for unit in range(total) if unit not in done]
    barrier()  # all ranks have read before any rank writes
    if mine := left[rank::world]:
        with parts.writer(rank) as write:
            for unit, result in track(work(mine), 'Pseudo boxes', len(mine)):
                write(unit, result)
    barrier()  # all ranks have written before rank 0 reads
    return dict(sorted(parts.read().items())) if rank == 0 else None
