"""mmcv: the one package that is compiled here, against the torch that is installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from env_checks import SetupError, check_opencv, opencv_fault, run_python
from env_state import Environment

# An operator is called, not only imported: a wheel built against another torch may load and then fail.
USES_AN_OPERATOR = """
import torch
from mmcv.ops import nms
_, kept = nms(torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 3.9], [6., 6., 9., 9.]]), torch.tensor([.9, .8, .7]), .5)
assert kept.tolist() == [0, 2], kept
"""
NOTE_IN_VENV = 'mmcv-built-for.txt'
MEMORY_PER_COMPILER = 2 * 1024**3  # Bytes; the largest compiler process took 1.7 GiB.


def parallel_compilers() -> int:
    """As many as there are cores and memory for."""
    cores = len(os.sched_getaffinity(0))
    available = os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    try:
        fields = dict(line.split(':') for line in Path('/proc/meminfo').read_text().splitlines())
        available = int(fields['MemAvailable'].split()[0]) * 1024  # Counts what the page cache would give back.
    except (OSError, KeyError, ValueError):
        pass
    return max(1, min(cores, available // MEMORY_PER_COMPILER))


def build_variables() -> dict[str, str]:
    """The environment of the build: operators on, no debug symbols, CPU operators unless FORCE_CUDA=1 asks for more."""
    variables = {**os.environ, 'MMCV_WITH_OPS': '1', 'CFLAGS': f'{os.environ.get("CFLAGS", "")} -g0'.strip()}
    variables.setdefault('MAX_JOBS', str(parallel_compilers()))
    if variables.get('FORCE_CUDA') != '1':
        # Else mmcv wants nvcc wherever it sees a GPU, and compiles much longer.
        variables['CUDA_VISIBLE_DEVICES'] = ''
    return variables


def distribution(pins: list[str]) -> str:
    """Name under which mmcv is pinned.

    >>> distribution(['onedl-mmcv==2.3.6', 'opencv-python==4.12.0.88'])
    'onedl-mmcv'
    """
    return next(pin.split('==')[0] for pin in pins if 'mmcv' in pin)


def cache_note(environment: Environment, name: str) -> Path | None:
    """Where it is noted which torch pip's cached wheel of `name` was built for; None where pip keeps no cache."""
    command = [str(environment.python), '-m', 'pip', 'cache', 'dir']
    result = subprocess.run(command, capture_output=True, text=True)
    return Path(result.stdout.strip(), f'sltnet_mm-{name}-built-for.json') if result.returncode == 0 else None


def read_note(note: Path | None) -> dict[str, str]:
    """The note's content: Python version -> torch that the wheel was built for; empty if there is none."""
    try:
        content = json.loads(note.read_text()) if note is not None else {}
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def present_torch(environment: Environment) -> str:
    """The torch that mmcv is, or was, to be built for, as it is noted."""
    return environment.packages['torch'][0] + (' cuda' if os.environ.get('FORCE_CUDA') == '1' else '')


def works(environment: Environment) -> bool:
    """Whether the installed mmcv was built for the installed torch, as far as noted, and computes."""
    noted = environment.venv / NOTE_IN_VENV
    if 'torch' not in environment.packages:
        return False
    if noted.exists() and noted.read_text().split()[0] != environment.packages['torch'][0]:
        return False
    return run_python(environment.python, USES_AN_OPERATOR).returncode == 0


def mend_opencv(environment: Environment, headless: list[str], install: Callable[..., None]) -> None:
    """Put OpenCV's build without windows over the other where that cannot be loaded (libGL is missing)."""
    fault = opencv_fault(environment.python)
    if fault is not None:
        print(f'      {fault}: OpenCV without windows takes its place', flush=True)
        install(headless, '--force-reinstall', '--no-deps')
        check_opencv(environment.python)


def install_mmcv(environment: Environment, pins: list[str], headless: list[str], install: Callable[..., None]) -> None:
    """Install mmcv and call one of its operators.

    pip caches the compiled wheel under mmcv's version alone. A wheel that is noted to be of another torch, or that
    turns out not to work, is dropped from the cache and compiled again. mmcv imports OpenCV: where that misses libGL,
    its headless build (`headless`, a pin of a later step) goes over it first.
    """
    name = distribution(pins)
    note = cache_note(environment, name)
    python = '.'.join((environment.python_version() or '').split('.')[:2])
    torch = present_torch(environment)
    built_for = read_note(note).get(python)
    if built_for not in (None, torch):
        print(f'      the cached wheel is of torch {built_for}, not {torch}: compiled again', flush=True)
        drop_cached(environment, name)
    options = ['--no-build-isolation', '-v']
    again = ['--force-reinstall', '--no-deps']
    install(pins, *options, *(again if name in environment.packages else []), variables=build_variables())
    mend_opencv(environment, headless, install)
    if run_python(environment.python, USES_AN_OPERATOR).returncode != 0:
        print('      the wheel that pip had kept does not work with this torch: compiled again', flush=True)
        drop_cached(environment, name)
        install([pin for pin in pins if pin.startswith(name + '==')], *options, *again, variables=build_variables())
        result = run_python(environment.python, USES_AN_OPERATOR)
        if result.returncode != 0:
            raise SetupError(
                f'the compiled operators of mmcv do not work: {(result.stderr.strip().splitlines() or ["?"])[-1]}\n'
                f'  The compiler wrote to {environment.log}; CXX=... before the command chooses another compiler.'
            )
    (environment.venv / NOTE_IN_VENV).write_text(torch + '\n')
    if note is not None:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({**read_note(note), python: torch}) + '\n')


def drop_cached(environment: Environment, name: str) -> None:
    """Take mmcv's wheels out of pip's cache (`pip cache remove` fails where there is none: that is as good)."""
    subprocess.run(
        [str(environment.python), '-m', 'pip', 'cache', 'remove', name.replace('-', '_')], capture_output=True
    )
