"""The environment and duration of a run, so that a reader can repeat it."""

from __future__ import annotations

import platform
import shlex
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from importlib import import_module
from io import StringIO

import torch

from sltnet_mm.hosts import module_version

_MODULES = ('sltnet_mm', 'torch', 'mmengine', 'mmcv', 'mmdet', 'mmpretrain')


def environment_facts(device: torch.device | str = 'cpu') -> dict[str, str]:
    """The command, date, device, versions and peak memory of this process, as readable text.

    Args:
        device: Device that the models ran on. Defaults to 'cpu'.

    Example:
        >>> list(environment_facts())
        ['Command', 'Date', 'Device', 'Versions', 'Peak memory']
    """
    device = torch.device(device)
    name = f'CPU ({platform.machine()}), {torch.get_num_threads()} threads'
    if device.type == 'cuda':
        name = torch.cuda.get_device_name(device)
    versions = [f'{module} {version}' for module in _MODULES if (version := module_version(module)) is not None]
    return {
        'Command': shlex.join(['python', *sys.argv]),
        'Date': datetime.now().astimezone().strftime('%Y-%m-%d %H:%M %Z'),
        'Device': name,
        'Versions': ', '.join([*versions, f'Python {platform.python_version()}']),
        'Peak memory': f'{peak_memory():.2f} GB of main memory',
    }


def peak_memory() -> float:
    """The peak memory of this process so far in GB (1e9 bytes), without data-loading workers.

    Example:
        >>> peak_memory() > .01
        True
    """
    import resource  # not available on Windows, so imported only here

    unit = 1 if sys.platform == 'darwin' else 1024  # getrusage: bytes on macOS, kB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def import_hosts() -> None:
    """Import the hosts' data sets and metrics, without their messages about missing optional packages.

    If mmdet, which only SLTNet and detectors need, is not installed, only mmpretrain's are imported.
    """
    mmdet = () if module_version('mmdet') is None else ('mmdet.datasets', 'mmdet.evaluation')
    with redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for module in ('mmpretrain.datasets', *mmdet):
            import_module(module)


class StepTimer:
    """A timer that announces the steps of a long command and measures their time.

    Args:
        total: Number of steps.

    Example:
        >>> steps = StepTimer(1)
        >>> with steps('think'):
        ...     pass
        [1/1] think
              done in 0 s, 0 s since the start
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, title: str) -> Iterator[None]:
        """Announce and time one step, in a ``with`` statement."""
        begun = time.perf_counter()
        print(f'[{len(self.seconds) + 1}/{self.total}] {title}', flush=True)
        yield
        self.seconds[title] = time.perf_counter() - begun
        print(f'      done in {self.seconds[title]:.0f} s, {self.elapsed():.0f} s since the start', flush=True)

    def elapsed(self) -> float:
        """The seconds since the start."""
        return time.perf_counter() - self.begun

    def summary(self) -> str:
        """The total time and the time of every step, in one line."""
        parts = ', '.join(f'{title} {seconds:.0f} s' for title, seconds in self.seconds.items())
        return f'{self.elapsed():.0f} s: {parts}'
