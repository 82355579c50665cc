"""setup.py and the files around it; the builds themselves run with `make test-release`."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import setuptools

import sltnet_mm
from sltnet_mm.hosts import HOSTS, parse_version

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def declared(monkeypatch):
    """The arguments that setup.py gives to setuptools."""
    seen: dict = {}
    monkeypatch.setattr(setuptools, 'setup', seen.update)
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(ROOT / 'setup.py'))
    return seen


def names(requirements: list[str]) -> list[str]:
    return [re.match(r'[\w-]+', line).group() for line in requirements]


def test_name_version_and_packages(declared):
    assert declared['name'] == 'sltnet-mm'
    assert declared['version'] == sltnet_mm.__version__
    assert 'sltnet_mm.functional' in declared['packages'] and 'tests' not in declared['packages']


def test_no_openmmlab_package_is_required_and_two_extras_offer_them(declared):
    assert not [name for name in names(declared['install_requires']) if 'mm' in name]
    extras = declared['extras_require']
    assert names(extras['mminstall']) == ['onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmpretrain']
    assert names(extras['mim']) == ['mmengine', 'mmcv-lite', 'mmdet', 'mmpretrain']
    assert {'torch', 'onedl-mmcv', 'pytest', 'ruff'} <= set(names(extras['dev']))


def test_floors_of_the_official_extra_are_those_of_the_check_at_import(declared):
    floors = dict(re.match(r'(\w+?)(?:-lite)?>=([\d.]+)', line).groups() for line in declared['extras_require']['mim'])
    checked = {host.module: host.floor for host in HOSTS if host.module != 'torch'}
    assert {k: parse_version(v) for k, v in floors.items()} == {k: parse_version(v) for k, v in checked.items()}


def test_continuous_integration_runs_the_commands_of_the_readme():
    script = ROOT / '.ci' / 'run'
    assert os.access(script, os.X_OK)
    assert re.findall(r'^make .*$', script.read_text(), re.MULTILINE) == ['make lint', 'make test']


def test_continuous_integration_fails_if_either_fails(tmp_path):
    (tmp_path / '.ci').mkdir()
    shutil.copy(ROOT / '.ci' / 'run', tmp_path / '.ci' / 'run')
    make = tmp_path / 'make'
    for lint, test, expected in ((0, 0, 0), (1, 0, 1), (0, 2, 1), (1, 1, 1)):
        make.write_text(f'#!/bin/sh\necho "$1"\n[ "$1" = lint ] && exit {lint}\nexit {test}\n')
        make.chmod(0o755)
        variables = {**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'}
        result = subprocess.run([tmp_path / '.ci' / 'run'], env=variables, capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (expected, 'lint\ntest\n')


def make(*words: str) -> str:
    return subprocess.run(['make', '-n', *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_sets_up_first_unless_an_interpreter_is_given():
    for target, command in (('test', '-m pytest'), ('demo', 'tools/demo.py'), ('lint', '-m ruff check')):
        lines = make(target).splitlines()
        setup = next(number for number, line in enumerate(lines) if 'tools/dev/setup_env.py --venv .venv' in line)
        first = next(number for number, line in enumerate(lines) if f'.venv/bin/python {command}' in line)
        assert setup < first
        given = make(target, 'PY=/usr/bin/mine')
        assert 'setup_env.py' not in given and f'/usr/bin/mine {command}' in given
    assert '/x/bin/python -m pytest -n 4 -k boxes' in make('test', 'VENV=/x', 'WORKERS=4', 'ARGS=-k boxes')


def test_make_clean_env_leaves_other_folders_alone(tmp_path):
    (tmp_path / 'precious').write_text('')
    command = ['make', '-C', str(ROOT), 'clean-env', f'VENV={tmp_path}']
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode != 0 and 'is no virtual environment: left alone' in result.stderr
    assert (tmp_path / 'precious').exists()


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of what is packaged, so that the builds leave nothing in the checkout."""
    target = tmp_path_factory.mktemp('source') / 'sltnet_mm'
    ignore = shutil.ignore_patterns(
        '.venv*', '.git', 'work_dirs', 'data', 'build', 'dist', '*.egg-info', '.*_cache', '__pycache__'
    )
    return shutil.copytree(ROOT, target, ignore=ignore)


def build(source: Path, *arguments: str) -> Path:
    command = [sys.executable, '-m', 'build', '--no-isolation', '--skip-dependency-check', *arguments]
    result = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return source / 'dist'


@pytest.mark.release
def test_wheel_carries_configs_and_tools_for_mim_directly_and_through_the_source_package(source):
    (source / 'build' / 'lib' / 'sltnet_mm' / '.mim' / 'configs').mkdir(parents=True)
    (source / 'build' / 'lib' / 'sltnet_mm' / '.mim' / 'configs' / 'gone.py').write_text('')
    (wheel,) = build(source, '--wheel').glob('*.whl')
    listed = set(zipfile.ZipFile(wheel).namelist())
    expected = {f'sltnet_mm/.mim/{file.relative_to(source)}' for file in (source / 'configs').rglob('*.py')}
    for templates in ('sltnet_mm/report/templates', 'tools/reproduction/templates'):
        files = {str(file.relative_to(source)) for file in (source / templates).iterdir()}
        assert files
        expected |= {file if file.startswith('sltnet_mm/') else f'sltnet_mm/.mim/{file}' for file in files}
    expected |= {'sltnet_mm/.mim/model-index.yml', 'sltnet_mm/.mim/tools/train.py', 'sltnet_mm/hosts.py'}
    assert expected <= listed
    assert not [name for name in listed if '/tools/dev/' in name or 'gone.py' in name or '__pycache__' in name]
    assert not [name for name in listed if name.startswith(('tests/', 'tools/', 'configs/'))]
    assert any(name.endswith('/LICENSE') for name in listed)

    wheel.unlink()
    (again,) = build(source).glob('*.whl')  # The source package, and a wheel from it.
    assert set(zipfile.ZipFile(again).namelist()) == listed
    checked = subprocess.run([sys.executable, '-m', 'twine', 'check', *map(str, (source / 'dist').iterdir())])
    assert checked.returncode == 0


@pytest.mark.release
def test_editable_install_copies_nothing(source, tmp_path):
    command = [sys.executable, '-m', 'pip', 'install', '--no-deps', '--no-build-isolation', '--target', str(tmp_path)]
    subprocess.run([*command, '-e', str(source)], check=True, capture_output=True)
    assert list(tmp_path.glob('*sltnet_mm*'))
    assert not [folder for folder in source.rglob('.mim') if 'build' not in folder.parts]
