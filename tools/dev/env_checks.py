"""What the machine must have before and after the packages are put in; every failure is a SetupError with its mend."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

GIB = 1024**3
# What a finished environment must import, with mmcv's operators and without them (mmdet cannot do without).
HOSTS = ('torch', 'torchvision', 'mmengine', 'mmcv.ops', 'mmdet.models', 'mmpretrain.models')
HOSTS_WITHOUT_OPERATORS = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain.models')


class SetupError(Exception):
    """Ends the set-up; the text is all that the user sees, so it says what is wrong and how to mend it."""


def check_venv_module() -> None:
    """Debian and Ubuntu split `ensurepip` off; without it `python -m venv` fails half-way."""
    if importlib.util.find_spec('ensurepip') is None:
        raise SetupError(
            f'{sys.executable} cannot make virtual environments (no ensurepip).\n'
            '  Debian, Ubuntu: apt-get install python3-venv; then run the same command again.'
        )


def check_compiler() -> None:
    """Compile one line of C++17 that includes Python.h, as mmcv's operators do."""
    compiler = os.environ.get('CXX', 'c++').split()
    if shutil.which(compiler[0]) is None:
        raise SetupError(
            f'no C++ compiler: {compiler[0]!r} is not on PATH, and mmcv compiles its operators.\n'
            '  Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; conda: conda install gxx_linux-64\n'
            '  (or set CXX to the compiler); then run the same command again.'
        )
    include = sysconfig.get_paths()['include']
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, 'probe.cpp')
        source.write_text('#include <Python.h>\n#include <optional>\nstd::optional<int> probe;\n')
        command = [*compiler, '-std=c++17', '-fsyntax-only', f'-I{include}', str(source)]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        return
    if 'Python.h' in result.stderr:
        minor = f'{sys.version_info[0]}.{sys.version_info[1]}'
        raise SetupError(
            f'the headers of Python {minor} are missing (no {include}/Python.h), and mmcv compiles against them.\n'
            f'  Debian, Ubuntu: apt-get install python{minor}-dev (or python3-dev);\n'
            '  Fedora: dnf install python3-devel; then run the same command again.\n'
            '  Pythons of pyenv, conda and uv bring their headers.'
        )
    raise SetupError(
        f'the C++ compiler {compiler[0]!r} cannot compile C++17:\n'
        + ''.join(f'    {line}\n' for line in result.stderr.splitlines()[:5])
        + '  Install g++ 9 or newer, or set CXX to another compiler; then run the same command again.'
    )


def existing_folder(path: Path) -> Path:
    """The folder itself or its nearest parent that exists: where its file system can be asked."""
    while not path.exists():
        path = path.parent
    return path


def check_disk(venv: Path, venv_gib: float, temporary_gib: float) -> None:
    """Free space for what is still to come, where `.venv` lies and where pip keeps what it downloads (TMPDIR)."""
    needs: dict[int, tuple[Path, float]] = {}
    for folder, gib in ((existing_folder(venv.absolute()), venv_gib), (Path(tempfile.gettempdir()), temporary_gib)):
        device = folder.stat().st_dev
        first, total = needs.get(device, (folder, 0.0))
        needs[device] = (first, total + gib)
    for folder, gib in needs.values():
        free = shutil.disk_usage(folder).free / GIB
        if free < gib:
            raise SetupError(
                f'too little disk: {gib:.1f} GiB are needed on the file system of {folder}, {free:.1f} GiB are free.\n'
                f'  ({venv} grows by {venv_gib:.1f} GiB, most of it torch with CUDA;\n'
                f'  pip downloads {temporary_gib:.1f} GiB to {tempfile.gettempdir()}.)\n'
                '  Free some; or set TMPDIR to a folder on a larger disk, or VENV=/larger/disk/venv behind the command.'
            )


def opencv_fault(python: Path) -> str | None:
    """The error of `import cv2`, on machines without a desktop a missing libGL or glib; None if it loads."""
    probe = run_python(python, 'import cv2')
    return (probe.stderr.strip().splitlines() or ['no message'])[-1] if probe.returncode != 0 else None


def check_opencv(python: Path) -> None:
    """OpenCV is the one package here that needs more of the system than libc and libstdc++."""
    fault = opencv_fault(python)
    if fault is not None:
        raise SetupError(
            f'OpenCV cannot be loaded: {fault}\n'
            '  It needs libGL and glib of the system.\n'
            '  Debian, Ubuntu: apt-get install libgl1 libglib2.0-0; Fedora: dnf install mesa-libGL glib2;\n'
            '  then run the same command again. Without root: put the build without windows in its place,\n'
            f'  {python} -m pip install --force-reinstall --no-deps opencv-python-headless==(the pinned version)'
        )


def check_imports(python: Path, modules: Sequence[str] = HOSTS) -> None:
    """Import what the project builds on, inside the environment."""
    check_opencv(python)
    if run_python(python, f'import {", ".join(modules)}').returncode == 0:
        return
    for module in modules:
        probe = run_python(python, f'import {module}')
        if probe.returncode != 0:
            last = (probe.stderr.strip().splitlines() or ['(no output)'])[-1]
            raise SetupError(
                f'{module} is installed but cannot be imported: {last}\n'
                f'  See it whole with: {python} -c "import {module}"\n'
                f'  Packages changed by hand? Remove {python.parent.parent} and run the same command again.'
            )


def run_python(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    """`python -c code`, output captured, away from the checkout's folder so that nothing here shadows a package."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([str(python), '-c', code], capture_output=True, text=True, cwd=folder)
