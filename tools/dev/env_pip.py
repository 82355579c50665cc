"""Run pip with its words in a log file and a line of progress on the screen; explain its failures."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from env_checks import SetupError

# Seconds between two lines of progress: often enough to be seen alive, seldom enough for a CI log.
HEARTBEAT = {True: 1.0, False: 20.0}
# What of pip's and ninja's output tells where they are.
PROGRESS = re.compile(
    r'^\s*(Collecting \S+|Downloading \S+.*|Using cached \S+|Building wheel.*|\[\d+/\d+\]'
    r'|Installing collected packages)'
)
NETWORK = re.compile(
    r'Retrying \(Retry|NewConnectionError|Temporary failure in name resolution|Name or service not known'
    r'|ReadTimeoutError|ConnectTimeoutError|ProxyError|Network is unreachable|CERTIFICATE_VERIFY_FAILED'
    r'|Connection reset by peer'
)
# (pattern in the log, what it means, how to mend it), looked at in this order.
KNOWN_FAILURES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r'No space left on device'),
        'the disk is full',
        'Free some space, or set TMPDIR to a folder on a larger disk.',
    ),
    (
        re.compile(r'Killed signal terminated program|fatal error: Killed|out of memory|virtual memory exhausted'),
        'the compiler ran out of memory',
        'Set MAX_JOBS=1 before the command (one compiler at a time takes up to 2 GiB).',
    ),
    (
        re.compile(r'fatal error: Python\.h'),
        'the headers of Python are missing',
        'Debian, Ubuntu: apt-get install python3-dev.',
    ),
    (
        re.compile(r'CUDA_HOME environment variable is not set|detected CUDA version .* mismatches'),
        'the CUDA toolkit of the version that torch was built with is missing',
        'Install it and set CUDA_HOME, or leave FORCE_CUDA out: sltnet_mm does not need the CUDA operators of mmcv.',
    ),
    (
        re.compile(r'Failed building wheel for|Failed to build|subprocess-exited-with-error'),
        'a package could not be built',
        "The compiler's messages are in the log; another compiler can be chosen with CXX=... before the command.",
    ),
    (
        NETWORK,
        'no connection to the package index',
        'See that the network is up, and behind a proxy or mirror that HTTPS_PROXY, PIP_INDEX_URL or PIP_CERT are set.',
    ),
    (
        re.compile(r'No matching distribution found for'),
        'the package index has no such version for this Python and platform',
        'Supported: Linux, Python 3.10 to 3.12. A mirror in the settings of pip ("pip config list") may lag behind.',
    ),
)


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(7.4), duration(125)
    ('7 s', '2 min 5 s')
    """
    whole = round(seconds)
    return f'{whole} s' if whole < 60 else f'{whole // 60} min {whole % 60} s'


def log_tail(log: Path, start: int, size: int = 65536) -> str:
    """The end of the log, no further back than byte `start` (where the present command began)."""
    with log.open('rb') as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(start, end - size))
        return file.read().decode(errors='replace')


def latest_progress(text: str) -> str:
    """The last line of pip or ninja that says where it is, shortened; empty if there is none."""
    for line in reversed(text.splitlines()):
        match = PROGRESS.match(line)
        if match:
            return match.group(1).strip()[:90]
    return ''


def explain(text: str) -> tuple[str, str]:
    """What went wrong and how to mend it, from the log of a failed command."""
    for pattern, meaning, mend in KNOWN_FAILURES:
        if pattern.search(text):
            return meaning, mend
    return 'a command failed', 'The last lines of its log may say more.'


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the command and its compilers as Ctrl-C does (pip then clears its temporary files); kill after 10 s."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=10)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def run_logged(command: Sequence[str], log: Path, env: Mapping[str, str], keep_open: tuple[int, ...] = ()) -> None:
    """Run a command to its end; SetupError with the log's last lines if it fails.

    Args:
        command: Program and arguments.
        log: Appended to.
        env: The whole environment of the command.
        keep_open: File descriptors that the command inherits (the lock: it then lasts as long as an orphaned command).
    """
    terminal = sys.stdout.isatty()
    with log.open('ab') as file:
        file.write(f'\n$ {" ".join(command)}\n'.encode())
        file.flush()
        start, began = file.tell(), time.monotonic()
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=dict(env),
            start_new_session=True,
            pass_fds=keep_open,
        )
        try:
            while True:
                try:
                    status = process.wait(timeout=HEARTBEAT[terminal])
                    break
                except subprocess.TimeoutExpired:
                    say = f'      {duration(time.monotonic() - began)}  {latest_progress(log_tail(log, start))}'
                    print(f'\r\033[K{say}' if terminal else say, end='' if terminal else '\n', flush=True)
        except BaseException:
            stop(process)
            raise
        finally:
            if terminal:
                print('\r\033[K', end='', flush=True)
    if status != 0:
        text = log_tail(log, start)
        meaning, mend = (
            explain(text) if status > 0 else (f'the command was ended by signal {-status}', 'Was memory short?')
        )
        lines = [line for line in text.splitlines() if line.strip()]
        lines = [line for line in lines[:-8] if re.search(r'\berror: ', line)][:4] + lines[-8:]
        raise SetupError(
            f'{meaning}.\n' + ''.join(f'    | {line[:200]}\n' for line in lines) + f'  {mend}\n'
            f'  The whole log is {log}. Then run the same command again: finished steps are kept.'
        )
