"""The steps from nothing to a working environment; what is there already is left as it is."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from env_checks import (
    HOSTS,
    HOSTS_WITHOUT_OPERATORS,
    SetupError,
    check_compiler,
    check_disk,
    check_imports,
    check_venv_module,
)
from env_mmcv import install_mmcv, mend_opencv, works
from env_pip import duration, run_logged
from env_state import Environment, read_pins

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / 'requirements' / 'dev.txt'


class Step(NamedTuple):
    """A part of the set-up: what to say, whether it is done, how to do it, what it needs (disk in GiB, a compiler)."""

    title: str
    done: Callable[[], bool]
    make: Callable[[], None]
    venv_gib: float = 0.0
    temporary_gib: float = 0.0
    compiles: bool = False


def make_venv(environment: Environment) -> None:
    """A fresh virtual environment; one whose interpreter is gone is replaced, a half-made one is completed."""
    venv = environment.venv
    if environment.python_version() is None and (venv / 'pyvenv.cfg').exists():
        print(f'      the interpreter of {venv} no longer starts: made anew', flush=True)
        shutil.rmtree(venv)
    venv.mkdir(parents=True, exist_ok=True)
    run_logged([sys.executable, '-m', 'venv', str(venv)], environment.log, os.environ)


def mmcv_step(environment: Environment, pins: Mapping[str, list[str]], install: Callable[..., None]) -> Step:
    """The step of mmcv: compiled operators, or its plain build where the environment does without them."""
    headless = [pin for lines in pins.values() for pin in lines if pin.startswith('opencv-python-headless==')]
    if environment.operators:
        return Step(
            'mmcv: compiles its operators, about 7 min on two cores; half a minute where pip has kept the wheel',
            lambda: not environment.missing(pins['mmcv']) and works(environment),
            lambda: install_mmcv(environment, pins['mmcv'], headless, install),
            venv_gib=0.3,
            temporary_gib=0.8,
            compiles=True,
        )
    plain = pins.get('mmcv without operators')
    if plain is None:
        raise SetupError(f'--no-operators: {environment.pins} has no "## mmcv without operators".')

    def make() -> None:
        install(plain)
        mend_opencv(environment, headless, install)

    return Step('mmcv without its operators', lambda: not environment.missing(plain), make, venv_gib=0.2)


def plan(environment: Environment, lock: int) -> list[Step]:
    """All steps in their order. Times and sizes were measured on two cores with a fast connection."""
    pins = read_pins(environment.pins)

    def install(lines: list[str], *options: str, variables: Mapping[str, str] = os.environ) -> None:
        pip = [
            str(environment.python),
            '-m',
            'pip',
            'install',
            '--disable-pip-version-check',
            '-c',
            str(environment.pins),
        ]
        run_logged([*pip, *options, *lines], environment.log, variables, (lock,))

    def group(name: str) -> tuple[Callable[[], bool], Callable[[], None]]:
        return lambda: not environment.missing(pins[name]), lambda: install(pins[name])

    return [
        Step(
            f'virtual environment {environment.venv}',
            lambda: 'pip' in environment.packages,
            lambda: make_venv(environment),
            venv_gib=0.1,
        ),
        Step('build tools', *group('build tools'), venv_gib=0.1, temporary_gib=0.1),
        Step('torch: downloads 3 GB, 2 to 3 min', *group('torch'), venv_gib=7.1, temporary_gib=3.8),
        mmcv_step(environment, pins, install),
        Step(
            'mmengine, mmdet, mmpretrain and the test tools: about 1 min',
            *group('hosts and tools'),
            venv_gib=0.6,
            temporary_gib=0.4,
        ),
        Step(
            'sltnet_mm itself, editable',
            environment.has_project,
            lambda: install(['-e', str(ROOT)], '--no-deps', '--no-build-isolation'),
        ),
    ]


def check_machine(environment: Environment, steps: list[Step], todo: list[bool]) -> None:
    """Everything that the steps still to be made need of the machine, before the first of them."""
    needed = [step for step, open_ in zip(steps, todo, strict=True) if open_]
    if todo[0]:
        check_venv_module()
    if any(step.compiles for step in needed):
        check_compiler()
    if needed:
        temporary = max(step.temporary_gib for step in needed)
        check_disk(environment.venv, sum(step.venv_gib for step in needed), temporary)


def build(environment: Environment, lock: int) -> None:
    """Make every step that is not done, then import everything once and leave the stamp."""
    began = time.monotonic()
    steps = plan(environment, lock)
    environment.look()
    todo = [not step.done() for step in steps]
    check_machine(environment, steps, todo)
    total = len(steps) + 1
    print(f'Setting up {environment.venv} from {environment.pins} (log: {environment.log})', flush=True)
    changed = False
    for number, step in enumerate(steps, start=1):
        # A step may undo a later one (another torch: mmcv), so these are asked again.
        if step.done() if changed else not todo[number - 1]:
            print(f'[{number}/{total}] {step.title.split(":")[0]}: there', flush=True)
            continue
        print(f'[{number}/{total}] {step.title}', flush=True)
        start = time.monotonic()
        try:
            step.make()
        except SetupError as error:
            raise SetupError(f'step {number} of {total} ({step.title.split(":")[0]}): {error}') from None
        environment.look()
        changed = True
        print(f'      done in {duration(time.monotonic() - start)}', flush=True)
    print(f'[{total}/{total}] importing everything once', flush=True)
    check_imports(environment.python, HOSTS if environment.operators else HOSTS_WITHOUT_OPERATORS)
    environment.finish()
    print(f'Environment ready after {duration(time.monotonic() - began)}.', flush=True)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[int]:
    """Hold `file` against other set-ups; pip inherits the descriptor given, so that an orphaned pip keeps the lock."""
    lock = os.open(file, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('Another set-up of this checkout is running; waiting for it.', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def run(arguments: list[str]) -> int:
    """The command line. Returns 0 when the environment is ready, 1 after a message, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog='setup_env.py', description='Build or update the development environment.')
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv', help='folder of the environment (default: .venv)')
    parser.add_argument('--pins', type=Path, default=PINS, help='its pinned file (default: requirements/dev.txt)')
    parser.add_argument(
        '--no-operators',
        action='store_true',
        help='mmcv without compiled operators, and so no mmdet (official.txt only)',
    )
    given = parser.parse_args(arguments)
    environment = Environment(given.venv.absolute(), ROOT, given.pins.absolute(), not given.no_operators)
    # What these name would be seen by pip as installed, or take its place.
    for variable in ('PYTHONPATH', 'PYTHONHOME', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_USER'):
        os.environ.pop(variable, None)
    if environment.up_to_date():
        return 0

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for sign in (signal.SIGINT, signal.SIGTERM):  # A handler also makes pip, started from here, heed Ctrl-C.
        signal.signal(sign, interrupt)
    try:
        with locked(environment.pins) as lock:
            if not environment.up_to_date():
                build(environment, lock)
    except SetupError as error:
        print(f'Set-up stopped: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nSet-up interrupted. The same command goes on from there: finished steps are kept.', file=sys.stderr)
        return 130
    except (OSError, subprocess.SubprocessError) as error:
        print(f'Set-up stopped: {error}\n  Then run the same command again: finished steps are kept.', file=sys.stderr)
        return 1
    return 0
