"""Build `.venv` from requirements/dev.txt, or see that it is up to date: `python3 tools/dev/setup_env.py [--venv DIR]`.

`--pins requirements/official.txt` puts the official OpenMMLab packages in, `--no-operators` with nothing compiled.
Standard library only. This file runs on any Python 3, so that an unsuitable one gets a message instead of a
SyntaxError; the work is in the `env_*.py` modules beside it, which may use Python 3.10.
"""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 10), (3, 12)  # What the pinned torch, numba and scipy have wheels for, all three.
PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"


def suitable_pythons():
    """Commands of suitable interpreters on PATH, newest first; each is started, since a pyenv shim may lead nowhere."""
    found = []
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        command = shutil.which('python3.%d' % minor)
        if command is None:
            continue
        result = subprocess.run([command, '-c', PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if result.stdout.decode().strip() == '3.%d' % minor:
            found.append(command)
    return found


def main():
    """Hand over to a suitable interpreter if this one is not, then run the set-up. Returns the exit status."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        from env_build import run

        return run(sys.argv[1:])
    version = '%d.%d' % sys.version_info[:2]
    found = suitable_pythons()
    if found:
        print('Python %s is not suitable (3.10 to 3.12 is): going on with %s' % (version, found[0]), flush=True)
        os.execv(found[0], [found[0]] + sys.argv)
    print(
        'Set-up stopped: Python 3.10, 3.11 or 3.12 is needed; this is Python %s (%s) and PATH has no suitable one.\n'
        '  Install one (Debian, Ubuntu: apt-get install python3 python3-dev python3-venv; else pyenv or conda),\n'
        '  then run the same command with PYTHON=/path/to/python3.11 behind it.' % (version, sys.executable),
        file=sys.stderr,
    )
    return 1


if __name__ == '__main__':
    sys.exit(main())
