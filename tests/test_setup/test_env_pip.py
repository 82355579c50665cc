"""Commands with a log, their progress, their failures and their end."""

import os
import signal
import sys
import threading
import time

import env_pip
import pytest
from env_checks import SetupError
from env_pip import explain, latest_progress, run_logged


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'setup.log'


def python(code: str) -> list[str]:
    return [sys.executable, '-c', code]


def test_output_goes_to_the_log_and_progress_to_the_screen(log, monkeypatch, capsys):
    monkeypatch.setattr(env_pip, 'HEARTBEAT', {False: 0.05})
    run_logged(python('print("Collecting torch==2.10.0", flush=True); import time; time.sleep(1)'), log, os.environ)
    assert 'Collecting torch==2.10.0' in log.read_text()
    assert 's  Collecting torch==2.10.0\n' in capsys.readouterr().out


def test_failure_shows_the_errors_and_the_last_lines(log):
    log.write_text('No space left on device\n')  # Of an earlier command: does not count.
    code = 'print("a.cpp:1:1: error: it broke")\nfor i in range(30): print("line", i)\nraise SystemExit(3)'
    with pytest.raises(SetupError) as caught:
        run_logged(python(code), log, os.environ)
    text = str(caught.value)
    assert text.startswith('a command failed.') and str(log) in text and 'run the same command again' in text
    shown = [line[6:] for line in text.splitlines() if line.startswith('    | ')]
    assert shown == ['a.cpp:1:1: error: it broke'] + [f'line {i}' for i in range(22, 30)]


def test_killed_command_is_told_from_a_failed_one(log):
    with pytest.raises(SetupError, match='ended by signal 9'):
        run_logged(python('import os; os.kill(os.getpid(), 9)'), log, os.environ)


@pytest.mark.parametrize(
    ('text', 'meaning'),
    [
        ('ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'disk is full'),
        ('c++: fatal error: Killed signal terminated program cc1plus', 'out of memory'),
        (
            'x.cpp:1: fatal error: Python.h: No such file\nERROR: Failed building wheel for onedl-mmcv',
            'headers of Python',
        ),
        ('OSError: CUDA_HOME environment variable is not set.\nFailed building wheel for onedl-mmcv', 'CUDA toolkit'),
        ('WARNING: Retrying (Retry(total=4\nERROR: No matching distribution found for pip==26.3', 'no connection'),
        ('WARNING: Retrying (Retry(total=4\nERROR: Failed building wheel for onedl-mmcv', 'could not be built'),
        ('ERROR: No matching distribution found for torch==2.10.0', 'no such version'),
        ('something else', 'a command failed'),
    ],
)
def test_known_failures(text, meaning):
    assert meaning in explain(text)[0]
    assert explain(text)[1]


def test_latest_progress():
    text = 'Collecting a==1\n  Downloading a-1.whl (915 MB)\n     eta 0:00:01\n  [12/96] c++ -MMD -c x.cpp\n'
    assert latest_progress(text) == '[12/96]'
    assert latest_progress(text[: text.index('  [')]) == 'Downloading a-1.whl (915 MB)'
    assert latest_progress('no news\n') == ''


def test_interrupt_stops_the_command_and_its_children(log, tmp_path):
    pid_file = tmp_path / 'pid'
    child = f'import os, time; open({str(pid_file)!r}, "w").write(str(os.getpid())); time.sleep(60)'
    # Does not look after its child, as make and ninja's compilers do not.
    parent = f'import subprocess, sys, time; subprocess.Popen([sys.executable, "-c", {child!r}]); time.sleep(60)'

    def interrupt() -> None:
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_logged(python(parent), log, os.environ)
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 10
    while os.path.exists(f'/proc/{pid_file.read_text()}') and time.monotonic() < deadline:
        if 'Z' in open(f'/proc/{pid_file.read_text()}/stat').read().split()[2]:
            break  # Ended; nobody has fetched its status.
        time.sleep(0.05)
    else:
        assert not os.path.exists(f'/proc/{pid_file.read_text()}')
