"""What is asked for (the pinned file) and what is there (the packages of the environment)."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from env_checks import SetupError

# Runs inside the environment. A package is broken when its list of files is missing or names one that is not there: pip
# was stopped half-way. Compiled files are left out, they come and go.
PROBE = """
import importlib.metadata as m, json
packages, broken = {}, []
for d in m.distributions():
    name = d.metadata['Name']
    if not name or d.files is None or any(f.suffix != '.pyc' and not d.locate_file(f).exists() for f in d.files):
        broken.append(str(d._path))
    else:
        url = d.read_text('direct_url.json')
        packages[name.lower().replace('_', '-')] = [d.version, json.loads(url) if url else {}]
print(json.dumps([packages, broken]))
"""


def read_pins(file: Path) -> dict[str, list[str]]:
    """The pinned file's steps in their order: heading after `## ` -> its `name==version` lines."""
    steps: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if line.startswith('## '):
            current = steps.setdefault(line[3:].strip(), [])
        elif line.strip() and not line.startswith('#'):
            if current is None or not re.fullmatch(r'[A-Za-z0-9._-]+==[^\s=<>;]+', line.strip()):
                raise SetupError(f'{file}, line {number}: expected name==version below a "## step", got {line!r}.')
            current.append(line.strip())
    return steps


class Environment:
    """A virtual environment on disk, asked through its own interpreter.

    Args:
        venv: Its folder; need not exist.
        root: The checkout that is installed in it.
        pins: The pinned file.
        operators: Whether mmcv comes with its compiled operators.
    """

    def __init__(self, venv: Path, root: Path, pins: Path, operators: bool = True) -> None:
        self.venv, self.root, self.pins, self.operators = venv, root, pins, operators
        self.python = venv / 'bin' / 'python'
        self.log = venv / 'setup.log'
        self.stamp = venv / 'setup-stamp.json'
        self.packages: dict[str, tuple[str, dict]] = {}

    def python_version(self) -> str | None:
        """Version of the environment's interpreter as it is now, None if there is none or it does not start."""
        try:
            command = [str(self.python), '-ISc', "import sys; print('.'.join(map(str, sys.version_info[:3])))"]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    def key(self) -> dict[str, str | None]:
        """What the stamp must say for the environment to be up to date."""
        digest = hashlib.sha256(self.pins.read_bytes()).hexdigest()
        operators = 'compiled' if self.operators else 'none'
        return {'pins': digest, 'python': self.python_version(), 'root': str(self.root), 'operators': operators}

    def up_to_date(self) -> bool:
        """The quick answer, from the stamp of the last complete set-up."""
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return False
        return stamp == self.key() and stamp['python'] is not None

    def finish(self) -> None:
        """Write the stamp: everything is in place and was seen to import."""
        self.stamp.write_text(json.dumps(self.key(), indent=1) + '\n')

    def look(self) -> None:
        """List the packages; take away what an interrupted pip left of one (pip could neither use nor remove it)."""
        self.packages = {}
        if self.python_version() is None:
            return
        result = subprocess.run([str(self.python), '-Ic', PROBE], capture_output=True, text=True)
        if result.returncode != 0:
            raise SetupError(
                f'the packages of {self.venv} cannot be listed: {(result.stderr.strip().splitlines() or ["?"])[-1]}\n'
                f'  Remove that folder and run the same command again.'
            )
        packages, broken = json.loads(result.stdout)
        for folder in map(Path, broken):
            if folder.suffix == '.dist-info' and self.venv.absolute() in folder.absolute().parents:
                print(f'      half-installed, to be put in again: {folder.name.removesuffix(".dist-info")}', flush=True)
                shutil.rmtree(folder)
        self.packages = {name: (version, url) for name, (version, url) in packages.items()}

    def missing(self, pins: list[str]) -> list[str]:
        """Those of the `name==version` lines that are not installed so (`2.10.0+cpu` counts as `2.10.0`)."""
        lines = []
        for pin in pins:
            name, version = pin.split('==')
            found, _ = self.packages.get(name.lower().replace('_', '-'), ('', {}))
            if version not in (found, found.split('+')[0]):
                lines.append(pin)
        return lines

    def has_project(self) -> bool:
        """Whether the checkout itself is installed, editable, from this folder."""
        _, url = self.packages.get('sltnet-mm', ('', {}))
        return bool(url.get('dir_info', {}).get('editable')) and url.get('url') == self.root.as_uri()
