"""The host check, run by fresh interpreters on fake packages: the real ones must not be seen."""

import subprocess
import sys
from pathlib import Path

import pytest

from sltnet_mm.hosts import HOSTS, parse_version, require_host

ROOT = Path(__file__).resolve().parents[1]
GOOD = {'torch': '2.0.0', 'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmpretrain': '1.2.0', 'mmdet': '3.3.0'}
# A fake package dies when it is imported: the check has to read its version, not to import it.
INIT = 'raise RuntimeError("imported")\n'


def fake_packages(folder: Path, versions: dict) -> None:
    for name, version in versions.items():
        (folder / name).mkdir()
        (folder / name / '__init__.py').write_text(INIT)
        (folder / name / 'version.py').write_text(f'__version__ = {version!r}\n')


def fake_distribution(folder: Path, name: str, version: str) -> None:
    """Metadata as pip leaves them: mmpretrain asks them, not the module."""
    folder = folder / f'{name.replace("-", "_")}-{version}.dist-info'
    folder.mkdir()
    (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')


def import_beside(folder: Path, code: str = 'import sltnet_mm') -> subprocess.CompletedProcess:
    """Run code with the checkout and the fakes on the path, without site-packages (-S)."""
    code = f'import sys; sys.path[:0] = [{str(ROOT)!r}, {str(folder)!r}]; {code}'
    return subprocess.run([sys.executable, '-S', '-I', '-c', code], capture_output=True, text=True)


def message(result: subprocess.CompletedProcess) -> str:
    assert result.returncode == 1
    return result.stderr[result.stderr.index('ImportError: ') :]


@pytest.mark.parametrize('without_mmdet', [False, True])
def test_floor_versions_import_and_no_host_is_imported(tmp_path, without_mmdet):
    fake_packages(tmp_path, {k: v for k, v in GOOD.items() if not (without_mmdet and k == 'mmdet')})
    result = import_beside(tmp_path, 'import sltnet_mm; print(sltnet_mm.__version__, "mmdet" in sys.modules)')
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[1] == 'False'


@pytest.mark.parametrize('module', [host.module for host in HOSTS if host.required])
def test_missing_host_is_named_with_both_install_commands(tmp_path, module):
    fake_packages(tmp_path, {k: v for k, v in GOOD.items() if k != module})
    text = message(import_beside(tmp_path))
    assert f'{module} is not installed' in text
    assert text.count('is needed') == 1
    assert "'sltnet-mm[mminstall]'" in text and "'sltnet-mm[mim]'" in text
    assert 'neither compiles anything' in text


@pytest.mark.parametrize(
    ('module', 'version'),
    [('torch', '1.13.1+cpu'), ('mmengine', '0.9.1'), ('mmcv', '1.7.2'), ('mmpretrain', '1.1.9'), ('mmdet', '2.28.2')],
)
def test_too_old_host_is_named_with_its_version(tmp_path, module, version):
    fake_packages(tmp_path, {**GOOD, module: version})
    text = message(import_beside(tmp_path))
    assert f'{module} {version} is too old' in text and 'mminstall' in text
    assert text.count('too old') == 1


def test_all_problems_are_in_one_message(tmp_path):
    fake_packages(tmp_path, {'torch': '1.9', 'mmcv': '1.0', 'mmpretrain': '1.2'})
    fake_distribution(tmp_path, 'transformers', '5.0')
    text = message(import_beside(tmp_path))
    for part in ('torch 1.9', 'mmcv 1.0', 'mmengine is not installed', 'transformers 5.0'):
        assert part in text


def test_no_version_is_too_new(tmp_path):
    fake_packages(tmp_path, dict.fromkeys(GOOD, '99.0'))
    assert import_beside(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ('transformers', 'mmpretrain', 'good'),
    [('5.1.0', '1.3.6', False), ('4.57.0', '1.3.6', True), ('5.1.0', '2.0.0', True)],
)
def test_transformers_5_beside_mmpretrain_1(tmp_path, transformers, mmpretrain, good):
    fake_packages(tmp_path, {**GOOD, 'mmpretrain': mmpretrain})
    fake_distribution(tmp_path, 'transformers', transformers)
    result = import_beside(tmp_path)
    if good:
        assert result.returncode == 0, result.stderr
    else:
        text = message(result)
        assert "pip install 'transformers<5'" in text and 'pip uninstall transformers' in text
        assert 'mminstall' not in text  # The hosts are there: installing them again would not help.


@pytest.mark.parametrize('other', ['mmcv-lite', 'onedl-mmcv'])
def test_two_distributions_of_one_module(tmp_path, other):
    fake_packages(tmp_path, GOOD)
    fake_distribution(tmp_path, 'mmcv', '2.1.0')
    assert import_beside(tmp_path).returncode == 0
    fake_distribution(tmp_path, other, '2.3.6')
    text = message(import_beside(tmp_path))
    assert f'mmcv and {other} are installed over each other' in text
    assert f'pip uninstall -y mmcv {other}, then install one of them' in text


def test_both_families(tmp_path):
    fake_packages(tmp_path, GOOD)
    for name in ('mmengine', 'onedl-mmengine', 'mmdet', 'onedl-mmdetection'):
        fake_distribution(tmp_path, name, '9.0')
    text = message(import_beside(tmp_path))
    assert 'mmengine and onedl-mmengine are installed' in text and 'mmdet and onedl-mmdetection are' in text


def test_how_to_compile_names_what_is_installed(tmp_path):
    fake_packages(tmp_path, GOOD)
    code = 'from sltnet_mm.hosts import how_to_compile; print(how_to_compile())'
    said = import_beside(tmp_path, code).stdout
    assert 'force-reinstall mmcv==2.1.0 ' in said and 'uninstall' not in said
    fake_distribution(tmp_path, 'mmcv-lite', '2.1.0')
    assert 'pip uninstall -y mmcv-lite; pip install' in import_beside(tmp_path, code).stdout
    (tmp_path / 'mmcv_lite-2.1.0.dist-info').rename(tmp_path / 'onedl_mmcv-2.3.6.dist-info')
    (tmp_path / 'onedl_mmcv-2.3.6.dist-info' / 'METADATA').write_text('Name: onedl-mmcv\nVersion: 2.3.6\n')
    (tmp_path / 'mmcv' / 'version.py').write_text("__version__ = '2.3.6'\n")
    assert 'force-reinstall onedl-mmcv==2.3.6 ' in import_beside(tmp_path, code).stdout


def test_computed_version_and_version_from_import(tmp_path):
    fake_packages(tmp_path, GOOD)
    (tmp_path / 'mmcv' / 'version.py').write_text('from platform import python_version\n__version__ = "2." + "4"\n')
    (tmp_path / 'mmdet' / 'version.py').unlink()
    (tmp_path / 'mmdet' / '__init__.py').write_text('__version__ = ".".join(["3", "2"])\n')
    assert 'mmdet 3.2 is too old' in message(import_beside(tmp_path))


def test_an_empty_folder_is_no_host(tmp_path):
    fake_packages(tmp_path, {k: v for k, v in GOOD.items() if k != 'mmengine'})
    (tmp_path / 'mmengine').mkdir()
    assert 'mmengine is not installed' in message(import_beside(tmp_path))


def test_real_hosts_are_not_imported_by_the_package():
    code = (
        'import sys, sltnet_mm; print(sorted({"torch", "mmcv", "mmengine", "mmdet", "mmpretrain"} & set(sys.modules)))'
    )
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout == '[]\n'


def test_parse_version():
    order = ['0.9.1', '0.10', '0.10.7', '2.0.0rc4', '2.1.0', '2.10.0+cu128', '3']
    assert sorted(order, key=parse_version) == order
    assert parse_version('2.0') == parse_version('2.0.0+cpu') == (2,)
    with pytest.raises(ValueError, match="text: expected .* got 'dev'"):
        parse_version('dev')


def test_require_host(tmp_path):
    fake_packages(tmp_path, {k: v for k, v in GOOD.items() if k != 'mmdet'})
    code = 'from sltnet_mm.hosts import require_host; require_host("mmdet", "SLTNet")'
    assert 'SLTNet needs mmdet 3.3 or newer' in message(import_beside(tmp_path, code))
    with pytest.raises(ValueError, match="module: expected one of .* got 'mmyolo'"):
        require_host('mmyolo', 'SLTNet')
