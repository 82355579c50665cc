"""What an import of mmcv._ext finds, in fresh interpreters with a fake mmcv before the real one."""

import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = 'mmcv is installed without its compiled operators: '
USE = """
import torch, mmcv._ext as ext
assert ext.nms(torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 3.9]]), torch.tensor([.1, .9]), .5, 0).tolist() == [1]
"""


@pytest.fixture
def mmcv(tmp_path) -> Path:
    """An mmcv without operators: mmcv.ops looks one up as the real one does."""
    folder = tmp_path / 'mmcv'
    (folder / 'ops').mkdir(parents=True)
    (folder / '__init__.py').write_text('')
    (folder / 'version.py').write_text("__version__ = '2.1.0'\n")
    (folder / 'ops' / '__init__.py').write_text('import mmcv._ext\nassert hasattr(mmcv._ext, "carafe_forward")\n')
    return folder


def run(mmcv: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, 'PYTHONPATH': f'{mmcv.parent}:{ROOT}', **variables}
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, env=given)


def test_operators_are_provided_even_after_mmdet_failed_to_import(mmcv):
    code = f"""
import sys
try:
    import mmcv.ops  # As mmdet does, before sltnet_mm.
except ModuleNotFoundError as error:
    assert error.name == 'mmcv._ext'
import sltnet_mm
assert 'torch' not in sys.modules and 'mmcv._ext' not in sys.modules
import mmcv.ops
sltnet_mm.provide_operators()
{USE}
assert not hasattr(ext, '__all__')
try:
    ext.carafe_forward(1, masks=2)
except NotImplementedError as error:
    print(error)
"""
    result = run(mmcv, code)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count(LINE) == 1 and len(result.stderr.splitlines()) == 1
    assert result.stdout.startswith('carafe_forward: this operator of mmcv must be compiled')
    for message in (result.stdout, result.stderr):
        assert 'MMCV_WITH_OPS=1 pip install' in message and 'mmcv==2.1.0' in message
    assert 'SLTNET_MMCV_OPERATORS=0 switches that off' in result.stderr


def test_operators_that_are_there_stay(mmcv):
    (mmcv / '_ext.py').write_text('compiled = carafe_forward = 1\n')
    result = run(mmcv, 'import sltnet_mm, mmcv.ops; print(mmcv._ext.compiled, hasattr(mmcv._ext, "nms"))')
    assert (result.stdout, result.stderr) == ('1 False\n', '')


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        (f'_ext{EXTENSION_SUFFIXES[0]}', 'file too short'),
        ('_ext.cpython-27-x86_64-linux-gnu.so', 'is of another Python'),
    ],
)
def test_operators_that_do_not_load_are_an_error_with_the_fix(mmcv, name, said):
    (mmcv / name).write_bytes(b'')
    result = run(mmcv, 'import sltnet_mm, mmcv.ops')
    assert result.returncode == 1
    message = result.stderr[result.stderr.rindex('ImportError: ') :]
    assert message.startswith('ImportError: the compiled operators of mmcv cannot be loaded: ') and said in message
    assert 'MMCV_WITH_OPS=1 pip install' in message and 'make env OPS=1' in message
    assert LINE not in result.stderr


def test_variable_switches_it_off(mmcv):
    result = run(mmcv, 'import sltnet_mm, mmcv.ops', SLTNET_MMCV_OPERATORS='0')
    assert "ModuleNotFoundError: No module named 'mmcv._ext'" in result.stderr
    result = run(mmcv, 'import sltnet_mm', SLTNET_MMCV_OPERATORS='no')
    assert "SLTNET_MMCV_OPERATORS: expected 1 (stand-ins where mmcv has no operators) or 0 (never), got 'no'" in (
        result.stderr
    )


def test_workers_and_other_ranks_have_the_operators_and_are_silent(mmcv, tmp_path):
    script = tmp_path / 'script.py'
    script.write_text(f"""
import multiprocessing, sys
import sltnet_mm

def work(number):
    {USE.strip().replace(chr(10), chr(10) + '    ')}
    return number

if __name__ == '__main__':
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        print(pool.map(work, [7]))
    work(0)
""")
    for rank, lines in (('0', 1), ('1', 0)):
        result = run(mmcv, f'import runpy; runpy.run_path({str(script)!r}, run_name="__main__")', LOCAL_RANK=rank)
        assert (result.returncode, result.stdout) == (0, '[7]\n'), result.stderr
        assert result.stderr.count(LINE) == lines


def test_scripts_of_the_hosts_run_behind_the_import(mmcv, tmp_path):
    script = tmp_path / 'tools' / 'script.py'
    script.parent.mkdir()
    (script.parent / 'beside.py').write_text('name = "beside"\n')
    script.write_text('import mmcv.ops, beside, sys\nprint(beside.name, sys.argv[1:], __name__)\n')
    result = subprocess.run(
        [sys.executable, '-m', 'sltnet_mm', str(script), '--out', 'x'],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': f'{mmcv.parent}:{ROOT}'},
    )
    assert (result.returncode, result.stdout) == (0, "beside ['--out', 'x'] __main__\n"), result.stderr
    result = run(mmcv, 'import runpy; runpy.run_module("sltnet_mm")')
    assert result.returncode == 0  # Imported, not run.
    result = subprocess.run([sys.executable, '-m', 'sltnet_mm', 'no.py'], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1 and result.stderr.startswith('usage: python -m sltnet_mm SCRIPT')
