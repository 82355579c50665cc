"""The set-up of the development environment, with a uv that only writes down what it is asked for."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import setup_env

LOCK = 'numpy==2.2.6  # via torch\nonedl-mmcv==2.3.6  # via -r requirements/dev.txt\ntorch==2.10.0\nuv==0.13.9\n'


class Machine:
    """`calls` are the commands that the set-up runs, shortened; `fail_at` is a word of the command that fails."""

    def __init__(self, folder: Path) -> None:
        self.venv, self.lock = folder / 'venv', folder / 'dev.lock'
        self.lock.write_text(LOCK)
        self.calls: list[str] = []
        self.variables: list[dict] = []
        self.fail_at: dict[str, BaseException] = {}

    def command(self, *command: str, **variables: str) -> None:
        line = ' '.join(command).replace(f'{self.venv}/bin/', '').replace(str(setup_env.ROOT), 'ROOT')
        self.calls.append(line.replace(f'uv pip install --python python --no-deps {"-r " + str(self.lock)}', 'uv lock'))
        self.variables.append(variables)
        for word, error in self.fail_at.items():
            if word in line:
                raise error
        if '-m venv' in line:
            subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(self.venv)], check=True)
        elif 'pip install --quiet' in line:
            (self.venv / 'bin' / 'uv').write_text('')

    def run(self, *arguments: str) -> int:
        self.calls.clear()
        self.variables.clear()
        return setup_env.set_up(['--venv', str(self.venv), '--lock', str(self.lock), *arguments])


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    monkeypatch.setattr(setup_env, 'run', machine.command)
    monkeypatch.setattr(setup_env, 'check_disk', lambda *a: machine.calls.append('check_disk'))
    monkeypatch.setattr(setup_env, 'check_compiler', lambda: machine.calls.append('check_compiler'))
    monkeypatch.setattr('signal.signal', lambda *a: None)  # pytest keeps its own.
    monkeypatch.setenv('UV_CACHE_DIR', str(tmp_path / 'cache'))
    for name in ('UV_HTTP_TIMEOUT', 'UV_DEFAULT_INDEX', 'UV_INDEX', 'FORCE_CUDA', 'MAX_JOBS', 'CFLAGS'):
        monkeypatch.setenv(name, '')  # The set-up sets some of them; this brings them back.
        monkeypatch.delenv(name)
    return machine


PACKAGES = 'uv lock -e ROOT'
IMPORTS = f'python -W ignore -c {setup_env.IMPORTS}'


def from_nothing(machine: Machine) -> list[str]:
    venv = f'{sys.executable} -m venv {machine.venv}'.replace(setup_env.ROOT, 'ROOT')
    uv = 'python -m pip install --quiet --disable-pip-version-check uv==0.13.9'
    return ['check_disk', venv, uv, PACKAGES, IMPORTS]


def test_from_nothing_then_nothing_to_do(machine, capsys):
    assert machine.run() == 0
    assert machine.calls == from_nothing(machine)
    assert 'Environment ready' in capsys.readouterr().out
    assert machine.run() == 0
    assert machine.calls == [] and capsys.readouterr().out == ''


def test_changed_lock_file_updates(machine):
    machine.run()
    machine.lock.write_text(LOCK.replace('2.2.6', '2.3.0'))
    assert machine.run() == 0
    assert machine.calls == [PACKAGES, IMPORTS]


@pytest.mark.parametrize(
    ('at', 'error', 'status'),
    [
        ('--no-deps', KeyboardInterrupt(), 130),
        ('-m venv', setup_env.SetupError('it broke'), 1),
        ('-W', KeyboardInterrupt(), 130),
    ],
)
def test_stopped_set_up_begins_anew(machine, capsys, at, error, status):
    machine.fail_at = {at: error}
    assert machine.run() == status
    assert 'Set-up' in capsys.readouterr().err
    machine.fail_at = {}
    assert machine.run() == 0
    assert 'was left unfinished: made anew' in capsys.readouterr().out
    assert machine.calls == from_nothing(machine)


def test_environment_made_by_hand_is_kept(machine):
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(machine.venv)], check=True)
    (machine.venv / 'bin' / 'uv').write_text('')
    (machine.venv / 'mine').write_text('')
    assert machine.run() == 0
    assert machine.calls == [PACKAGES, IMPORTS] and (machine.venv / 'mine').exists()


def test_environment_whose_interpreter_is_gone_is_made_anew(machine):
    machine.run()
    (machine.venv / 'bin' / 'python').unlink()
    (machine.venv / 'bin' / 'python').symlink_to('/nowhere/python3')
    assert machine.run() == 0
    assert machine.calls == from_nothing(machine)


def test_other_folders_are_left_alone(machine, capsys):
    machine.venv.mkdir()
    (machine.venv / 'precious').write_text('')
    assert machine.run() == 1
    assert 'is no virtual environment: left alone' in capsys.readouterr().err
    assert machine.calls == [] and (machine.venv / 'precious').exists()


def test_operators_are_compiled_when_asked_for_and_stay(machine, monkeypatch):
    machine.run()
    monkeypatch.setenv('CFLAGS', '-O1')
    assert machine.run('--operators') == 0
    check, packages, tools, compiled, imports = machine.calls
    assert (check, packages, imports) == ('check_compiler', PACKAGES, IMPORTS)
    assert tools.endswith('-r ROOT/requirements/operators.txt')
    assert compiled.endswith(
        '--reinstall-package onedl-mmcv --config-settings-package onedl-mmcv:built-for=2.10.0 onedl-mmcv==2.3.6'
    )
    variables = machine.variables[-2]
    assert variables['MMCV_WITH_OPS'] == '1' and variables['CFLAGS'] == '-O1 -g0'
    assert variables['CUDA_VISIBLE_DEVICES'] == '' and int(variables['MAX_JOBS']) >= 1
    assert machine.run() == 0 and machine.calls == []

    machine.lock.write_text(LOCK.replace('2.10.0', '2.11.0'))
    monkeypatch.setenv('FORCE_CUDA', '1')
    monkeypatch.setenv('MAX_JOBS', '3')
    assert machine.run() == 0
    assert 'built-for=2.11.01 ' in machine.calls[-2]
    assert machine.variables[-2] == {'MMCV_WITH_OPS': '1', 'CFLAGS': '-O1 -g0', 'MAX_JOBS': '3'}


def test_settings_of_pip_are_those_of_uv_where_uv_has_none(machine, monkeypatch):
    monkeypatch.setenv('PIP_INDEX_URL', 'mine')
    monkeypatch.setenv('PIP_EXTRA_INDEX_URL', 'other')
    monkeypatch.setenv('UV_INDEX', 'given')
    machine.run()
    assert [setup_env.os.environ[name] for name in ('UV_DEFAULT_INDEX', 'UV_INDEX')] == ['mine', 'given']


def test_cache_that_cannot_be_written(machine, monkeypatch, tmp_path, capsys):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('UV_CACHE_DIR', str(tmp_path / 'file' / 'cache'))
    assert machine.run() == 1
    text = capsys.readouterr().err
    assert 'file/cache, cannot be written' in text and 'UV_CACHE_DIR=/a/folder before the command' in text
    assert machine.calls == []


def test_python_without_ensurepip(machine, monkeypatch, capsys):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    assert machine.run() == 1
    assert 'apt-get install python3-venv' in capsys.readouterr().err


def test_second_set_up_waits_for_the_first(machine, monkeypatch):
    code = f"""
import fcntl, os, sys
fcntl.flock(os.open({str(machine.lock)!r}, os.O_RDONLY), fcntl.LOCK_EX)
print('locked', flush=True)
sys.stdin.read()
"""
    first = subprocess.Popen([sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert first.stdout.readline() == b'locked\n'
    said = []

    def heard(words: str, **options: object) -> None:
        said.append(words)
        if 'waiting for it' in words:
            first.stdin.close()  # Only now does the first one end.

    monkeypatch.setattr(setup_env, 'print', heard, raising=False)
    assert machine.run() == 0
    first.wait()
    assert said[0] == 'Another set-up of this checkout is running; waiting for it.'


def test_failed_command_says_how_to_go_on(tmp_path):
    with pytest.raises(
        setup_env.SetupError, match=r'" failed \(status 3\)(.|\n)*UV_DEFAULT_INDEX(.|\n)*same command again'
    ):
        setup_env.run(sys.executable, '-c', 'raise SystemExit(3)')
    setup_env.run(sys.executable, '-c', 'import os; assert os.environ["A"] == "1"', A='1')


def test_too_little_disk(tmp_path, monkeypatch):
    monkeypatch.setattr('shutil.disk_usage', lambda folder: type('Usage', (), {'free': 5 * setup_env.GIB}))
    with pytest.raises(setup_env.SetupError, match=r'8 GiB are needed on the file system of \S+, 5.0 GiB are free'):
        setup_env.check_disk(str(tmp_path / 'no' / 'venv'), str(tmp_path))
    monkeypatch.setattr('shutil.disk_usage', lambda folder: type('Usage', (), {'free': 9 * setup_env.GIB}))
    setup_env.check_disk(str(tmp_path / 'no' / 'venv'), str(tmp_path))


def test_compiler_and_headers_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv('CXX', 'no-such-compiler -m64')
    with pytest.raises(setup_env.SetupError, match=r"no C\+\+ compiler 'no-such-compiler'(.|\n)*Without OPS=1 nothing"):
        setup_env.check_compiler()
    monkeypatch.setenv('CXX', sys.executable)
    monkeypatch.setattr('sysconfig.get_paths', lambda: {'include': str(tmp_path)})
    with pytest.raises(setup_env.SetupError, match=r'headers of Python are missing(.|\n)*apt-get install python3'):
        setup_env.check_compiler()
    (tmp_path / 'Python.h').write_text('')
    setup_env.check_compiler()


def shim(folder: Path, name: str, prints: str, status: int = 0) -> Path:
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "{prints}"\nexit {status}\n')
    file.chmod(0o755)
    return file


@pytest.fixture
def path_of_shims(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('version', [(3, 6, 15), (3, 9, 18), (3, 14, 0)])
def test_unsuitable_python_gets_one_message(path_of_shims, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, 'version_info', version)
    assert setup_env.main() == 1
    text = capsys.readouterr().err
    assert f'this is Python {version[0]}.{version[1]}' in text
    assert 'apt-get install' in text and 'PYTHON=' in text and 'Traceback' not in text


def test_hands_over_to_the_newest_suitable_interpreter(path_of_shims, monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 14, 0))
    monkeypatch.setattr(sys, 'argv', ['setup_env.py', '--venv', 'x'])
    shim(path_of_shims, 'python3.12', 'pyenv: python3.12: command not found', status=127)  # Of a version not chosen.
    suitable = str(shim(path_of_shims, 'python3.11', '3.11'))
    shim(path_of_shims, 'python3.10', '3.10')
    started = []
    monkeypatch.setattr('os.execv', lambda *command: started.append(command) or sys.exit(0))
    with pytest.raises(SystemExit):
        setup_env.main()
    assert started == [(suitable, [suitable, 'setup_env.py', '--venv', 'x'])]


def test_suitable_python_goes_on(monkeypatch):
    monkeypatch.setattr(setup_env, 'set_up', lambda arguments: 7)
    assert setup_env.main() == 7


def test_script_is_readable_by_old_pythons():
    source = Path(setup_env.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 6))
    assert not any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree))
    imported = {
        alias.name.partition('.')[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize('name', ['dev', 'official'])
def test_lock_files_hold_the_pins_and_no_address(name):
    folder = Path(setup_env.ROOT) / 'requirements'
    lock = (folder / f'{name}.lock').read_text()
    pins = [line for line in (folder / f'{name}.txt').read_text().splitlines() if line and not line.startswith('#')]
    assert len(pins) > 15
    for pin in pins:
        assert f'\n{pin} ' in f'\n{lock}', f'{pin}: make lock'
    assert '://' not in lock and '--index' not in lock
    assert all(line[0].isalpha() and '==' in line for line in lock.splitlines())
    assert '\nopencv-python==' not in lock  # Its files and those of the headless build overwrite each other.
    assert setup_env.Environment('', str(folder / f'{name}.lock'), False).pins()['uv'] == '0.13.9'


def test_stamp_says_what_the_environment_is(machine):
    machine.run()
    stamp = json.loads((machine.venv / 'setup-stamp.json').read_text())
    assert stamp['operators'] is False and stamp['python'] == f'3.{sys.version_info[1]}'
    assert len(stamp['lock']) == 64 and stamp['root'] == setup_env.ROOT
