"""Build `.venv` from requirements/dev.lock, or see that it is up to date: `python3 tools/dev/setup_env.py --help`.

uv does the work, from its shared cache: a second environment is made of hard links. What is left here: a suitable
Python, room on the disk, and an unfinished environment, which is made anew (uv keeps what it has downloaded).
Standard library only, and no syntax younger than Python 3.6, so that an unsuitable Python gets a message.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from typing import Any, Dict, List, Optional, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST, NEWEST = (3, 10), (3, 13)  # What the locked torch, numba and scipy have wheels for, all three.
GIB = 1024**3
ENVIRONMENT_GIB = 8.0  # Most of it torch with CUDA.
# pip's settings, where uv's own are not set.
SETTINGS = {'PIP_INDEX_URL': 'UV_DEFAULT_INDEX', 'PIP_EXTRA_INDEX_URL': 'UV_INDEX', 'PIP_CERT': 'SSL_CERT_FILE'}
PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"
IMPORTS = 'import sltnet_mm, cv2, torchvision, mmcv.ops, mmdet.models, mmpretrain.models'


class SetupError(Exception):
    """Ends the set-up; the text is all that the user sees, so it says what is wrong and how to fix it."""


def suitable_python() -> Optional[str]:
    """The newest suitable interpreter on PATH, or None; each is started, since a pyenv shim may lead nowhere."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        command = shutil.which('python3.%d' % minor)
        if command is not None:
            result = subprocess.run([command, '-c', PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if result.stdout.decode().strip() == '3.%d' % minor:
                return command
    return None


def cache_folder() -> str:
    """Where uv keeps what it downloads."""
    home = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    folder = os.environ.get('UV_CACHE_DIR') or os.path.join(home, 'uv')
    try:
        os.makedirs(folder, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise SetupError(
            'the cache of downloads, %s, cannot be written.\n'
            '  Give another folder: UV_CACHE_DIR=/a/folder before the command.' % folder
        )
    return folder


def check_disk(venv: str, cache: str) -> None:
    """Room for a whole environment; uv's cache shares its files where it lies on the same file system."""
    needs = {}  # type: Dict[int, str]
    for folder in (os.path.abspath(venv), cache):
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        needs[os.stat(folder).st_dev] = folder
    for folder in needs.values():
        free = shutil.disk_usage(folder).free / GIB
        if free < ENVIRONMENT_GIB:
            raise SetupError(
                'too little disk: %.0f GiB are needed on the file system of %s, %.1f GiB are free.\n'
                '  Free some, or give folders on a larger disk: VENV=/larger/disk/venv behind the command for the\n'
                '  environment (%s), UV_CACHE_DIR=... before it for the cache of downloads (%s).'
                % (ENVIRONMENT_GIB, folder, free, venv, cache)
            )


def check_compiler() -> None:
    """What mmcv's operators are compiled with: a C++ compiler and the headers of this Python."""
    compiler = os.environ.get('CXX', 'c++').split()[0]
    header = os.path.join(sysconfig.get_paths()['include'], 'Python.h')
    if shutil.which(compiler) is None:
        raise SetupError(
            'OPS=1 compiles the operators of mmcv, and there is no C++ compiler %r on PATH.\n'
            '  Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; or set CXX.\n'
            '  Without OPS=1 nothing is compiled.' % compiler
        )
    if not os.path.exists(header):
        raise SetupError(
            'OPS=1 compiles the operators of mmcv, and the headers of Python are missing (no %s).\n'
            '  Debian, Ubuntu: apt-get install python%d.%d-dev; Fedora: dnf install python3-devel.\n'
            '  Without OPS=1 nothing is compiled.' % ((header,) + sys.version_info[:2])
        )


def run(*command: str, **variables: str) -> None:
    """Run a command to its end; it speaks to the screen itself."""
    inherited = {name: value for name, value in os.environ.items() if name not in ('PYTHONPATH', 'PYTHONHOME')}
    status = subprocess.call(command, env=dict(inherited, **variables))
    if status != 0:
        raise SetupError(
            '"%s" failed (status %d), for the reason above.\n'
            '  Behind a proxy or mirror: HTTPS_PROXY, UV_DEFAULT_INDEX, SSL_CERT_FILE, UV_HTTP_TIMEOUT (seconds).\n'
            '  Then run the same command again: what was downloaded is kept.' % (' '.join(command[:4]) + ' ...', status)
        )


class Environment:
    """A virtual environment, its lock file, and the stamp that a finished set-up leaves in it."""

    def __init__(self, venv: str, lock: str, operators: bool) -> None:
        self.venv, self.lock, self.operators = venv, lock, operators
        self.python = os.path.join(venv, 'bin', 'python')
        self.stamp = os.path.join(venv, 'setup-stamp.json')
        self.unfinished = os.path.join(venv, 'setup-unfinished')

    def pins(self) -> Dict[str, str]:
        """Version by name, of the lines of the lock file without a condition."""
        with open(self.lock) as file:
            return dict(re.findall(r'^([\w.-]+)==(\S+)(?:  #.*)?$', file.read(), re.MULTILINE))

    def version(self) -> Optional[str]:
        """Of the environment's interpreter, None where it does not start."""
        try:
            result = subprocess.run([self.python, '-c', PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except OSError:
            return None
        return result.stdout.decode().strip() or None

    def key(self) -> Dict[str, Any]:
        """What the stamp of an environment that is up to date says."""
        with open(self.lock, 'rb') as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        return {'lock': digest, 'python': self.version(), 'root': ROOT, 'operators': self.operators}

    def up_to_date(self) -> bool:
        """Whether nothing is to be done. Operators that were once asked for stay."""
        try:
            with open(self.stamp) as file:
                stamp = json.load(file)
        except (OSError, ValueError):
            return False
        self.operators = self.operators or bool(stamp.get('operators'))
        return stamp == self.key() and stamp['python'] is not None and not os.path.exists(self.unfinished)

    def build(self) -> None:
        """Make the environment or bring it up to date, import everything once, leave the stamp."""
        for old, new in SETTINGS.items():
            if old in os.environ:
                os.environ.setdefault(new, os.environ[old])
        os.environ.setdefault('UV_HTTP_TIMEOUT', '300')
        cache = cache_folder()
        if self.operators:
            check_compiler()
        print('Setting up %s from %s' % (self.venv, self.lock), flush=True)
        if os.path.exists(self.venv) and (os.path.exists(self.unfinished) or self.version() is None):
            self.remove()
        if self.version() is None:
            self.create(cache)
        with open(self.unfinished, 'w'):
            pass
        uv = os.path.join(self.venv, 'bin', 'uv')
        if not os.path.exists(uv):
            run(
                self.python,
                '-m',
                'pip',
                'install',
                '--quiet',
                '--disable-pip-version-check',
                'uv==' + self.pins()['uv'],
            )
        install = (uv, 'pip', 'install', '--python', self.python, '--no-deps')
        run(*install + ('-r', self.lock, '-e', ROOT))
        if self.operators:
            self.compile(install)
        print('Importing everything once', flush=True)
        try:
            run(self.python, '-W', 'ignore', '-c', IMPORTS)
        except SetupError:
            raise SetupError(
                'the packages of %s cannot be imported, for the reason above.\n'
                '  Changed by hand? make clean-env removes the environment; then run the same command again.'
                % self.venv
            ) from None
        with open(self.stamp, 'w') as file:
            json.dump(self.key(), file, indent=1)
        os.remove(self.unfinished)
        print('Environment ready', flush=True)

    def remove(self) -> None:
        """Take away what an interrupted set-up left, or an environment whose interpreter is gone; nothing else."""
        own = [name for name in ('setup-unfinished', 'pyvenv.cfg') if os.path.exists(os.path.join(self.venv, name))]
        if os.listdir(self.venv) and not own:
            raise SetupError('%s is no virtual environment: left alone. Give another VENV=.' % self.venv)
        print('%s was left unfinished: made anew' % self.venv, flush=True)
        shutil.rmtree(self.venv)

    def create(self, cache: str) -> None:
        """The bare virtual environment."""
        check_disk(self.venv, cache)
        if importlib.util.find_spec('ensurepip') is None:
            raise SetupError(
                '%s cannot make virtual environments (no ensurepip).\n'
                '  Debian, Ubuntu: apt-get install python3-venv.' % sys.executable
            )
        os.makedirs(self.venv, exist_ok=True)
        with open(self.unfinished, 'w'):
            pass
        run(sys.executable, '-m', 'venv', self.venv)

    def compile(self, install: Tuple[str, ...]) -> None:
        """Put mmcv with its operators over the plain one; uv keeps the wheel, apart for each torch."""
        pins = self.pins()
        variables = {'MMCV_WITH_OPS': '1', 'CFLAGS': (os.environ.get('CFLAGS', '') + ' -g0').strip()}
        if os.environ.get('FORCE_CUDA') != '1':
            # Else mmcv wants nvcc wherever it sees a GPU, and compiles much longer.
            variables['CUDA_VISIBLE_DEVICES'] = ''
        # The largest compiler process takes 1.7 GiB.
        memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // (2 * GIB)
        variables['MAX_JOBS'] = os.environ.get('MAX_JOBS') or str(max(1, min(len(os.sched_getaffinity(0)), memory)))
        run(*install + ('-r', os.path.join(ROOT, 'requirements', 'operators.txt')))
        print('Compiling the operators of mmcv: about 7 minutes on two cores, unless uv has kept them', flush=True)
        built_for = 'onedl-mmcv:built-for=%s%s' % (pins['torch'], os.environ.get('FORCE_CUDA', ''))
        options = ('--no-build-isolation-package', 'onedl-mmcv', '--reinstall-package', 'onedl-mmcv')
        run(
            *install + options + ('--config-settings-package', built_for, 'onedl-mmcv==' + pins['onedl-mmcv']),
            **variables,
        )


def set_up(arguments: List[str]) -> int:
    """The command line. Returns 0 when the environment is ready, 1 after a message, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog='setup_env.py', description='Build or update the development environment.')
    parser.add_argument('--venv', default=os.path.join(ROOT, '.venv'), help='its folder; default: .venv')
    parser.add_argument('--lock', default=os.path.join(ROOT, 'requirements', 'dev.lock'), help='default: dev.lock')
    parser.add_argument('--operators', action='store_true', help="compile mmcv's operators, for mmdet's rarer models")
    given = parser.parse_args(arguments)
    environment = Environment(os.path.abspath(given.venv), os.path.abspath(given.lock), given.operators)
    if environment.up_to_date():
        return 0

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        with open(environment.lock) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print('Another set-up of this checkout is running; waiting for it.', flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not environment.up_to_date():
                environment.build()
    except SetupError as error:
        print('Set-up stopped: %s' % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nSet-up interrupted. The same command goes on: what was downloaded is kept.', file=sys.stderr)
        return 130
    return 0


def main() -> int:
    """Hand over to a suitable interpreter if this one is not, then run the set-up. Returns the exit status."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return set_up(sys.argv[1:])
    version, found = '%d.%d' % sys.version_info[:2], suitable_python()
    if found is not None:
        print('Python %s is not suitable (3.10 to 3.13 is): going on with %s' % (version, found), flush=True)
        os.execv(found, [found] + sys.argv)
    print(
        'Set-up stopped: Python 3.10 to 3.13 is needed; this is Python %s (%s) and PATH has no suitable one.\n'
        '  Install one (Debian, Ubuntu: apt-get install python3 python3-venv; else pyenv, uv or conda),\n'
        '  then run the same command with PYTHON=/path/to/python3.11 behind it.' % (version, sys.executable),
        file=sys.stderr,
    )
    return 1


if __name__ == '__main__':
    sys.exit(main())
