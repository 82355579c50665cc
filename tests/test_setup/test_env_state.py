"""What is seen of an environment: a bare one with hand-written packages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from env_checks import SetupError
from env_state import Environment, read_pins

ROOT = Path(__file__).resolve().parents[2]


def put_package(venv: Path, name: str, version: str, url: dict | None = None) -> Path:
    """A package of one module, as pip leaves it."""
    site = next((venv / 'lib').glob('python3*')) / 'site-packages'
    module, info = name.replace('-', '_'), site / f'{name.replace("-", "_")}-{version}.dist-info'
    (site / f'{module}.py').write_text('')
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
    lines = [
        f'{module}.py,,',
        f'__pycache__/{module}.cpython-311.pyc,,',
        f'{info.name}/METADATA,,',
        f'{info.name}/RECORD,,',
    ]
    (info / 'RECORD').write_text('\n'.join(lines) + '\n')
    if url is not None:
        (info / 'direct_url.json').write_text(json.dumps(url))
    return info


@pytest.fixture
def environment(tmp_path):
    pins = tmp_path / 'dev.txt'
    pins.write_text('## torch\ntorch==2.10.0\n')
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(tmp_path / 'venv')], check=True)
    return Environment(tmp_path / 'venv', tmp_path, pins)


def test_pins_by_step(tmp_path):
    file = tmp_path / 'dev.txt'
    file.write_text('# why\n\n## first step\na==1\n# because\nB_c==2.0+cpu\n## second\nd==3\n')
    assert read_pins(file) == {'first step': ['a==1', 'B_c==2.0+cpu'], 'second': ['d==3']}


@pytest.mark.parametrize(
    ('text', 'line'), [('a==1\n', 1), ('## s\na>=1\n', 2), ('## s\na==1\nb\n', 3), ('## s\na==1,<2\n', 2)]
)
def test_line_that_is_no_pin_is_an_error(tmp_path, text, line):
    file = tmp_path / 'dev.txt'
    file.write_text(text)
    with pytest.raises(SetupError, match=f'dev.txt, line {line}: expected name==version'):
        read_pins(file)


def test_the_pinned_file_of_the_project():
    steps = read_pins(ROOT / 'requirements' / 'dev.txt')
    assert list(steps) == ['build tools', 'torch', 'mmcv', 'hosts and tools']
    names = [pin.split('==')[0] for pins in steps.values() for pin in pins]
    assert len(names) == len(set(names))
    assert {'torch', 'torchvision'} <= {pin.split('==')[0] for pin in steps['torch']}


def test_the_pinned_file_of_the_official_packages():
    steps = read_pins(ROOT / 'requirements' / 'official.txt')
    assert list(steps) == ['build tools', 'torch', 'mmcv without operators', 'mmcv', 'hosts and tools']
    plain, compiled = (dict(pin.split('==') for pin in steps[name]) for name in ('mmcv without operators', 'mmcv'))
    assert plain.pop('mmcv-lite') == compiled.pop('mmcv') and compiled.pop('mmdet')
    assert plain == compiled  # Only one of the two is installed: both must bring the rest.
    del steps['mmcv without operators']
    names = [pin.split('==')[0] for pins in steps.values() for pin in pins]
    assert len(names) == len(set(names)) and not any(name.startswith('onedl') for name in names)


def test_missing_versions(environment):
    put_package(environment.venv, 'torch', '2.10.0+cpu')
    put_package(environment.venv, 'My-Tool', '1.0')
    environment.look()
    assert environment.missing(['torch==2.10.0', 'my_tool==1.0', 'my-tool==1.0']) == []
    assert environment.missing(['torch==2.1', 'torch==2.10.0+cu128', 'other==1', 'my-tool==1.0.1']) == [
        'torch==2.1',
        'torch==2.10.0+cu128',
        'other==1',
        'my-tool==1.0.1',
    ]


@pytest.mark.parametrize('broken', ['RECORD', 'file', 'METADATA'])
def test_half_installed_package_is_taken_away(environment, capsys, broken):
    whole = put_package(environment.venv, 'whole', '1')
    half = put_package(environment.venv, 'half', '2')
    (half.parent / 'half.py' if broken == 'file' else half / broken).unlink()
    environment.look()
    assert set(environment.packages) == {'whole'}
    assert whole.exists() and not half.exists()
    assert 'half-installed, to be put in again: half-2' in capsys.readouterr().out


def test_project_must_be_editable_and_of_this_folder(environment, tmp_path):
    assert not environment.has_project()
    for url, expected in (
        ({'url': tmp_path.as_uri(), 'dir_info': {'editable': True}}, True),
        ({'url': tmp_path.as_uri(), 'dir_info': {}}, False),
        ({'url': (tmp_path / 'moved').as_uri(), 'dir_info': {'editable': True}}, False),
    ):
        info = put_package(environment.venv, 'sltnet-mm', '0.1', url)
        environment.look()
        assert environment.has_project() is expected
        for file in info.iterdir():
            file.unlink()
        info.rmdir()


def test_stamp_goes_stale(environment, tmp_path):
    assert not environment.up_to_date()
    environment.finish()
    assert environment.up_to_date()
    stamp, pins = environment.stamp.read_text(), environment.pins.read_text()

    environment.pins.write_text(pins + '# changed\n')
    assert not environment.up_to_date()
    environment.pins.write_text(pins)
    assert environment.up_to_date()

    environment.stamp.write_text(stamp.replace(environment.python_version(), '3.10.1'))
    assert not environment.up_to_date()
    environment.stamp.write_text('{half')
    assert not environment.up_to_date()
    environment.stamp.write_text(stamp)
    assert not Environment(environment.venv, tmp_path / 'moved', environment.pins).up_to_date()
    assert not Environment(environment.venv, tmp_path, environment.pins, operators=False).up_to_date()

    environment.python.unlink()  # The interpreter below it was removed.
    assert environment.python_version() is None and not environment.up_to_date()


def test_no_environment(tmp_path, environment):
    nothing = Environment(tmp_path / 'none', tmp_path, environment.pins)
    nothing.look()
    assert nothing.packages == {} and nothing.python_version() is None and not nothing.up_to_date()
