"""The whole set-up on a bare environment, with a pip that only writes down what it would install."""

import json
import os
import subprocess
import sys
from pathlib import Path

import env_build
import env_mmcv
import pytest
from env_checks import HOSTS, HOSTS_WITHOUT_OPERATORS, SetupError
from env_state import Environment
from test_env_state import put_package

PINS = """\
## build tools
pip==26.3
## torch
torch==2.10.0
## mmcv
onedl-mmcv==2.3.6
opencv-python==4.12
## hosts and tools
opencv-python-headless==4.12
pytest==9.2.0
"""
OFFICIAL_PINS = """\
## build tools
pip==26.3
## torch
torch==2.5.1
## mmcv without operators
mmcv-lite==2.1.0
opencv-python==4.11
## mmcv
mmcv==2.1.0
mmdet==3.3.0
## hosts and tools
opencv-python-headless==4.11
pytest==9.2.0
"""


class Machine:
    """Stands for pip, the compiler and the imports; `calls` are pip's arguments, `fail_at` a word that ends a call."""

    def __init__(self, folder: Path) -> None:
        self.root, self.venv, self.pins = folder, folder / 'venv', folder / 'requirements' / 'dev.txt'
        self.calls: list[str] = []
        self.variables: list[dict] = []
        self.fail_at: dict[str, BaseException] = {}
        self.opencv_fault: str | None = None
        self.operator_works = [True]
        self.checked: list[str] = []

    def run_logged(self, command, log, env, keep_open=()) -> None:
        words = command[command.index('-m') + 1 :]
        for word, error in self.fail_at.items():
            if word in words:
                raise error
        if words[0] == 'venv':
            subprocess.run([sys.executable, '-m', 'venv', '--without-pip', words[1]], check=True)
            put_package(self.venv, 'pip', '23.0')
            return
        assert words[:2] == ['pip', 'install'] and words[words.index('-c') + 1] == str(self.pins)
        words = words[words.index('-c') + 2 :]
        self.calls.append(' '.join(words))
        self.variables.append(dict(env))
        if '-e' in words:
            put_package(self.venv, 'sltnet-mm', '0.1', {'url': self.root.as_uri(), 'dir_info': {'editable': True}})
        for word in words:
            if '==' in word:
                self.install(*word.split('=='))

    def install(self, name: str, version: str) -> None:
        for old in self.venv.glob(f'lib/*/site-packages/{name.replace("-", "_")}-*.dist-info'):
            subprocess.run(['rm', '-r', str(old)], check=True)
        put_package(self.venv, name, version)

    def operator(self, python, code) -> subprocess.CompletedProcess:
        works = self.operator_works.pop(0) if len(self.operator_works) > 1 else self.operator_works[0]
        return subprocess.CompletedProcess([], int(not works), '', '' if works else 'ImportError: undefined symbol\n')

    def run(self, *arguments: str) -> int:
        self.calls.clear()
        self.checked.clear()
        return env_build.run(['--venv', str(self.venv), *arguments])

    def run_official(self, *arguments: str) -> int:
        self.pins = self.root / 'requirements' / 'official.txt'
        self.pins.write_text(OFFICIAL_PINS)
        return self.run('--pins', str(self.pins), *arguments)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    machine.pins.parent.mkdir()
    machine.pins.write_text(PINS)
    monkeypatch.setattr(env_build, 'ROOT', tmp_path)
    monkeypatch.setattr(env_build, 'PINS', machine.pins)
    monkeypatch.setattr(env_build, 'run_logged', machine.run_logged)
    for check in ('check_compiler', 'check_disk'):
        monkeypatch.setattr(env_build, check, lambda *a, check=check: machine.checked.append(check))
    monkeypatch.setattr(
        env_build, 'check_imports', lambda _, modules: machine.checked.extend(['check_imports', *modules])
    )
    monkeypatch.setattr(env_mmcv, 'run_python', machine.operator)
    monkeypatch.setattr(env_mmcv, 'opencv_fault', lambda python: machine.opencv_fault)
    monkeypatch.setattr(env_mmcv, 'check_opencv', lambda python: machine.checked.append('check_opencv'))
    monkeypatch.setattr(env_mmcv, 'cache_note', lambda environment, name: tmp_path / 'cache' / f'{name}.json')
    monkeypatch.setattr(
        env_mmcv, 'drop_cached', lambda environment, name: machine.calls.append(f'drop the cached {name}')
    )
    monkeypatch.setattr('signal.signal', lambda *a: None)  # pytest keeps its own.
    monkeypatch.setenv('PYTHONPATH', '')  # Taken out by the set-up; this brings it back.
    return machine


ALL = [
    'pip==26.3',
    'torch==2.10.0',
    '--no-build-isolation -v onedl-mmcv==2.3.6 opencv-python==4.12',
    'opencv-python-headless==4.12 pytest==9.2.0',
]


def project(machine: Machine) -> str:
    return f'--no-deps --no-build-isolation -e {machine.root}'


def test_from_nothing_then_nothing_to_do(machine, capsys):
    assert machine.run() == 0
    assert machine.calls == [*ALL, project(machine)]
    assert machine.checked == ['check_compiler', 'check_disk', 'check_imports', *HOSTS]
    screen = capsys.readouterr().out
    assert '[1/7]' in screen and '[4/7] mmcv: compiles' in screen and 'Environment ready after' in screen

    assert machine.run() == 0
    assert machine.calls == [] and capsys.readouterr().out == ''


def test_mmcv_is_built_with_operators_without_debug_symbols_for_the_cpu(machine, monkeypatch):
    monkeypatch.setenv('CFLAGS', '-O1')
    monkeypatch.delenv('FORCE_CUDA', raising=False)
    monkeypatch.delenv('MAX_JOBS', raising=False)
    assert machine.run() == 0
    variables = machine.variables[2]
    assert variables['MMCV_WITH_OPS'] == '1' and variables['CFLAGS'] == '-O1 -g0'
    assert variables['CUDA_VISIBLE_DEVICES'] == ''
    assert 1 <= int(variables['MAX_JOBS']) <= os.cpu_count()
    assert 'MMCV_WITH_OPS' not in machine.variables[3]

    monkeypatch.setenv('FORCE_CUDA', '1')
    monkeypatch.setenv('MAX_JOBS', '3')
    variables = env_mmcv.build_variables()
    assert variables.get('CUDA_VISIBLE_DEVICES') == os.environ.get('CUDA_VISIBLE_DEVICES')
    assert variables['MAX_JOBS'] == '3'


@pytest.mark.parametrize(
    ('at', 'error', 'status', 'left'),
    [
        ('torch==2.10.0', KeyboardInterrupt(), 130, 1),
        ('onedl-mmcv==2.3.6', SetupError('it broke'), 1, 2),
        ('pytest==9.2.0', OSError(28, 'No space left on device'), 1, 3),
    ],
)
def test_stopped_set_up_goes_on_where_it_stopped(machine, capsys, at, error, status, left):
    machine.fail_at = {at: error}
    assert machine.run() == status
    assert machine.calls == ALL[:left]
    text = capsys.readouterr().err
    assert 'Traceback' not in text and ('finished steps are kept' in text or 'of 7 (mmcv): it broke' in text)
    assert not (machine.venv / 'setup-stamp.json').exists()

    machine.fail_at = {}
    assert machine.run() == 0
    assert machine.calls == [*ALL[left:], project(machine)]


def test_half_made_environment_is_completed(machine):
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(machine.venv)], check=True)
    assert machine.run() == 0
    assert machine.calls == [*ALL, project(machine)]


def test_environment_made_by_hand_is_taken_as_it_is(machine):
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(machine.venv)], check=True)
    for line in PINS.splitlines():
        if '==' in line:
            put_package(machine.venv, *line.split('=='))
    assert machine.run() == 0
    assert machine.calls == [project(machine)]
    assert machine.checked == ['check_disk', 'check_imports', *HOSTS]  # Nothing is compiled.


def test_changed_tool_leaves_the_rest(machine):
    machine.run()
    machine.pins.write_text(PINS.replace('pytest==9.2.0', 'pytest==9.3.0'))
    assert machine.run() == 0
    assert machine.calls == ['opencv-python-headless==4.12 pytest==9.3.0']


def test_changed_torch_compiles_mmcv_again(machine):
    machine.run()
    assert json.loads((machine.root / 'cache' / 'onedl-mmcv.json').read_text()) == {
        f'3.{sys.version_info[1]}': '2.10.0',
    }
    machine.pins.write_text(PINS.replace('torch==2.10.0', 'torch==2.11.0'))
    assert machine.run() == 0
    assert machine.calls == [
        'torch==2.11.0',
        'drop the cached onedl-mmcv',
        '--no-build-isolation -v --force-reinstall --no-deps onedl-mmcv==2.3.6 opencv-python==4.12',
    ]
    assert list(json.loads((machine.root / 'cache' / 'onedl-mmcv.json').read_text()).values()) == ['2.11.0']


def test_cached_wheel_that_does_not_work_is_compiled_again(machine):
    machine.operator_works = [False, True]
    assert machine.run() == 0
    again = '--no-build-isolation -v --force-reinstall --no-deps onedl-mmcv==2.3.6'
    assert machine.calls == [*ALL[:3], 'drop the cached onedl-mmcv', again, ALL[3], project(machine)]


def test_operators_that_never_work_end_with_a_message(machine, capsys):
    machine.operator_works = [False]
    assert machine.run() == 1
    assert 'step 4 of 7 (mmcv): the compiled operators of mmcv do not work: ImportError' in capsys.readouterr().err


def test_opencv_without_libgl_is_replaced_before_mmcv_is_tried(machine, capsys):
    machine.opencv_fault = 'ImportError: libGL.so.1: cannot open shared object file'
    assert machine.run() == 0
    assert machine.calls[3] == '--force-reinstall --no-deps opencv-python-headless==4.12'
    assert 'libGL.so.1' in capsys.readouterr().out


def test_environment_whose_interpreter_is_gone_is_made_anew(machine, capsys):
    machine.run()
    python = machine.venv / 'bin' / 'python'
    python.unlink()
    python.symlink_to('/nowhere/python3')
    assert machine.run() == 0
    assert machine.calls == [*ALL, project(machine)]
    assert 'no longer starts: made anew' in capsys.readouterr().out


def test_second_set_up_waits_for_the_first(machine, tmp_path):
    code = f"""
import fcntl, os, sys, time
fcntl.flock(os.open({str(machine.pins)!r}, os.O_RDONLY), fcntl.LOCK_EX)
print('locked', flush=True)
sys.stdin.read()
"""
    first = subprocess.Popen([sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert first.stdout.readline() == b'locked\n'
    said = []
    original = print

    def heard(*words, **options) -> None:
        said.append(words[0] if words else '')
        if 'waiting for it' in said[-1]:
            first.stdin.close()  # Only now does the first one end.
        original(*words, **options)

    env_build.print = heard
    try:
        assert machine.run() == 0
    finally:
        del env_build.print
        first.wait()
    assert said[0] == 'Another set-up of this checkout is running; waiting for it.'


def test_venv_of_this_checkout_is_the_default(machine, monkeypatch):
    seen = []
    monkeypatch.setattr(Environment, 'up_to_date', lambda self: seen.append(self.venv) or True)
    assert env_build.run([]) == 0
    assert seen == [machine.root / '.venv']


OFFICIAL = [
    'pip==26.3',
    'torch==2.5.1',
    'mmcv-lite==2.1.0 opencv-python==4.11',
    'opencv-python-headless==4.11 pytest==9.2.0',
]


def test_official_packages_without_operators_compile_nothing_and_have_no_mmdet(machine, capsys):
    assert machine.run_official('--no-operators') == 0
    assert machine.calls == [*OFFICIAL, project(machine)]
    assert machine.checked == ['check_disk', 'check_imports', *HOSTS_WITHOUT_OPERATORS]
    assert 'MMCV_WITH_OPS' not in machine.variables[2]
    assert not any(module.startswith(('mmdet', 'mmcv.')) for module in HOSTS_WITHOUT_OPERATORS)
    capsys.readouterr()
    assert machine.run_official('--no-operators') == 0
    assert machine.calls == [] and capsys.readouterr().out == ''


def test_official_packages_with_operators(machine):
    assert machine.run_official() == 0
    compiled = '--no-build-isolation -v mmcv==2.1.0 mmdet==3.3.0'
    assert machine.calls == [*OFFICIAL[:2], compiled, OFFICIAL[3], project(machine)]
    assert machine.checked == ['check_compiler', 'check_disk', 'check_imports', *HOSTS]
    assert machine.variables[2]['MMCV_WITH_OPS'] == '1'
    # Its note is not that of the other mmcv: both families' wheels lie in one cache.
    assert [file.name for file in (machine.root / 'cache').iterdir()] == ['mmcv.json']


def test_the_same_environment_with_operators_is_another(machine):
    machine.run_official('--no-operators')
    assert machine.run_official() == 0
    assert machine.calls == ['--no-build-isolation -v mmcv==2.1.0 mmdet==3.3.0']


def test_cached_official_wheel_that_does_not_work_is_compiled_again(machine):
    machine.operator_works = [False, True]
    assert machine.run_official() == 0
    again = '--no-build-isolation -v --force-reinstall --no-deps mmcv==2.1.0'
    assert machine.calls[3:5] == ['drop the cached mmcv', again]


def test_opencv_without_libgl_is_replaced_beside_the_plain_mmcv(machine):
    machine.opencv_fault = 'ImportError: libGL.so.1: cannot open shared object file'
    assert machine.run_official('--no-operators') == 0
    assert machine.calls[3] == '--force-reinstall --no-deps opencv-python-headless==4.11'
    assert machine.checked[1] == 'check_opencv'


def test_pinned_file_that_leaves_no_choice_of_operators(machine, capsys):
    assert machine.run('--no-operators') == 1
    text = capsys.readouterr().err
    assert '--no-operators' in text and 'dev.txt has no "## mmcv without operators"' in text
