"""The wheel in an environment of its own: what mim users get must run without a checkout."""

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = ('--table', '5', '--dataset', 'photos31', '--list')


def run(python, tool, *arguments, cwd):
    result = subprocess.run(
        [str(python), str(tool), *arguments],
        cwd=cwd,
        env={**os.environ, 'PYTHONPATH': ''},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, f'{tool}: {result.stdout}{result.stderr}'
    return result.stdout


def finds_its_configs(listed):
    """Whether `reproduce.py --list` shows the six rows of Table 5, each with its config and its commands."""
    rows = [line for line in listed.split('\n') if line[:1].isdigit()]
    return (
        len(rows) == 6 and 'no config' not in listed and 'does not exist' not in listed and 'tools/train.py' in listed
    )


def test_reproduce_lists_its_rows_in_the_layout_of_a_wheel(tmp_path):
    package = tmp_path / 'site-packages' / 'sltnet_mm'
    shutil.copytree(ROOT / 'sltnet_mm', package, ignore=shutil.ignore_patterns('__pycache__'))
    for folder in ('configs', 'tools'):
        shutil.copytree(ROOT / folder, package / '.mim' / folder, ignore=shutil.ignore_patterns('__pycache__'))
    tool = package / '.mim' / 'tools' / 'reproduce.py'
    result = subprocess.run(
        [sys.executable, str(tool), *LIST],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(package.parent)},
        capture_output=True,
        text=True,
    )
    assert finds_its_configs(result.stdout), result.stdout + result.stderr


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """(python, package folder) of an environment that has the wheel, and the hosts of this one."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    ignore = shutil.ignore_patterns('.*', 'work_dirs', 'data', 'build', 'dist', '*.egg-info', '__pycache__')
    shutil.copytree(ROOT, source, ignore=ignore)
    build = [sys.executable, '-m', 'build', '--no-isolation', '--skip-dependency-check', '--wheel', str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (source / 'dist').glob('*.whl')
    venv.create(folder / 'env', symlinks=True)
    python = folder / 'env' / 'bin' / 'python'
    where = [str(python), '-c', 'import site; print(site.getsitepackages()[0])']
    packages = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    shutil.unpack_archive(wheel, packages, 'zip')
    # The hosts come from here by path alone: an editable install of this checkout is not followed.
    (packages / 'hosts.pth').write_text('\n'.join(site.getsitepackages()))
    return python, packages / 'sltnet_mm'


@pytest.mark.release
def test_every_shipped_tool_runs_from_the_wheel(installed, tmp_path):
    python, package = installed
    where = "import sltnet_mm; open('where', 'w').write(sltnet_mm.__file__)"
    run(python, '-c', where, cwd=tmp_path)
    assert Path((tmp_path / 'where').read_text()).parent == package
    folder = package / '.mim' / 'tools'
    tools = [path for path in sorted(folder.rglob('*.py')) if "__name__ == '__main__'" in path.read_text()]
    assert len(tools) > 15 and folder / 'reproduce.py' in tools
    for tool in tools:
        assert 'usage' in run(python, tool, '--help', cwd=tmp_path)
    assert finds_its_configs(run(python, folder / 'reproduce.py', *LIST, cwd=tmp_path))
