"""Which interpreter the set-up goes on with."""

import ast
import sys
from pathlib import Path

import pytest
import setup_env


def shim(folder: Path, name: str, prints: str, status: int = 0) -> Path:
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "{prints}"\nexit {status}\n')
    file.chmod(0o755)
    return file


@pytest.fixture
def path_of_shims(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    return tmp_path


@pytest.mark.parametrize('version', [(3, 6, 15), (3, 9, 18), (3, 13, 0)])
def test_unsuitable_python_gets_one_message(path_of_shims, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, 'version_info', version)
    assert setup_env.main() == 1
    text = capsys.readouterr().err
    assert f'this is Python {version[0]}.{version[1]}' in text
    assert 'apt-get install' in text and 'PYTHON=' in text and 'Traceback' not in text


def test_hands_over_to_the_newest_suitable_interpreter(path_of_shims, monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 13, 0))
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
    monkeypatch.setattr('env_build.run', lambda arguments: 7)
    assert setup_env.main() == 7


def test_entry_is_readable_by_old_pythons():
    source = Path(setup_env.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 5))
    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign) for node in ast.walk(tree))
    outer = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert outer == {'os', 'shutil', 'subprocess', 'sys'}
