"""Messages of the machine checks; unsuitable machines are played by small scripts."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import env_checks
import pytest
from env_checks import GIB, SetupError, check_compiler, check_disk, check_imports, check_venv_module


def script(file: Path, body: str) -> str:
    file.write_text('#!/bin/sh\n' + body)
    file.chmod(0o755)
    return str(file)


def test_missing_compiler(tmp_path, monkeypatch):
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(SetupError, match=r"no C\+\+ compiler: 'c\+\+' is not on PATH(.|\n)*apt-get install g\+\+"):
        check_compiler()


def test_compiler_is_given_the_headers_of_this_python(tmp_path, monkeypatch):
    seen = tmp_path / 'arguments'
    monkeypatch.setenv('CXX', script(tmp_path / 'cxx', f'echo "$@" > {seen}\n') + ' -m64')
    check_compiler()
    assert '-m64 -std=c++17' in seen.read_text() and f'python3.{sys.version_info[1]}' in seen.read_text()


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        ('probe.cpp:1:10: fatal error: Python.h: No such file or directory', 'headers of Python 3.* are missing'),
        ("c++: error: unrecognized option '-std=c++17'", r'cannot compile C\+\+17:\n    c\+\+: error: unrecognized'),
    ],
)
def test_compiler_that_fails(tmp_path, monkeypatch, error, message):
    monkeypatch.setenv('CXX', script(tmp_path / 'cxx', f'echo "{error}" >&2\nexit 1\n'))
    with pytest.raises(SetupError, match=message):
        check_compiler()


def test_missing_ensurepip(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(SetupError, match='apt-get install python3-venv'):
        check_venv_module()


def test_disk_adds_up_on_one_file_system(tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.gettempdir', lambda: str(tmp_path))
    monkeypatch.setattr('shutil.disk_usage', lambda folder: SimpleNamespace(free=10 * GIB))
    check_disk(tmp_path / 'not' / 'yet', 6.0, 4.0)
    with pytest.raises(SetupError, match=r'10\.1 GiB are needed .* 10\.0 GiB are free(.|\n)*TMPDIR(.|\n)*VENV='):
        check_disk(tmp_path / 'not' / 'yet', 6.0, 4.1)


def test_disk_of_two_file_systems_is_counted_apart(tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.gettempdir', lambda: '/proc')  # Always another file system.
    monkeypatch.setattr('shutil.disk_usage', lambda folder: SimpleNamespace(free=6.5 * GIB))
    check_disk(tmp_path, 6.0, 4.0)
    with pytest.raises(SetupError, match=r'7\.0 GiB are needed on the file system of /proc'):
        check_disk(tmp_path, 6.0, 7.0)


def fake_imports(monkeypatch, failing: str, error: str) -> list[str]:
    tried = []

    def run_python(python: Path, code: str) -> subprocess.CompletedProcess:
        tried.append(code)
        bad = failing in code
        return subprocess.CompletedProcess([], int(bad), '', f'Traceback\nImportError: {error}\n' if bad else '')

    monkeypatch.setattr(env_checks, 'run_python', run_python)
    return tried


def test_opencv_without_libgl(monkeypatch):
    fake_imports(monkeypatch, 'cv2', 'libGL.so.1: cannot open shared object file: No such file or directory')
    with pytest.raises(SetupError) as caught:
        check_imports(Path('/v/bin/python'))
    text = str(caught.value)
    assert 'libGL.so.1: cannot open' in text and 'apt-get install libgl1 libglib2.0-0' in text
    assert '/v/bin/python -m pip install --force-reinstall --no-deps opencv-python-headless==' in text


def test_module_that_cannot_be_imported_is_named(monkeypatch):
    tried = fake_imports(monkeypatch, 'mmdet', 'no registry')
    with pytest.raises(SetupError, match='mmdet.models is installed but cannot be imported: ImportError: no registry'):
        check_imports(Path('/v/bin/python'))
    assert tried[-1] == 'import mmdet.models'


def test_all_imports_cost_two_processes(monkeypatch):
    tried = fake_imports(monkeypatch, 'nothing', '')
    check_imports(Path('/v/bin/python'))
    assert len(tried) == 2
