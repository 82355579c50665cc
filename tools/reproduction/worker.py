"""One run in its own process, forked by the pool from a server that has done all imports (20 s) once."""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reproduction.commands import OUTPUTS, tool_arguments
from reproduction.runs import LOG, Run
from reproduction.steps import Settings, fingerprint
from sltnet_mm.evaluation import evaluate_score_maps
from sltnet_mm.report import import_hosts

ROOT = Path(__file__).resolve().parents[2]

import_hosts()
# Compile the code of MaxBoxAccV2 once for all forks.
evaluate_score_maps([np.eye(8)], [np.array([[0.0, 0.0, 4.0, 4.0]])], protocol='wsolevaluation-v2')


def probe(connection: Connection) -> None:
    """Send the name of the GPU, or the error if this process cannot use it (as a fork after CUDA was initialized)."""
    try:
        torch.cuda.init()
        connection.send(torch.cuda.get_device_name())
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch without CUDA
        connection.send(error)


def work(run: Run, settings: Settings, connection: Connection) -> None:
    """Execute a run. All output goes to its log, and one line per epoch goes through the connection.

    A failure writes its traceback to ``failed.txt`` and ends the process with exit code 1.
    """
    _die_with_parent()
    run.folder.mkdir(parents=True, exist_ok=True)
    with open(run.folder / LOG, 'a', buffering=1) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    output: Any = sys.stdout
    output.reconfigure(line_buffering=True)  # so that the last lines of a killed run are in the log
    try:
        if not run.folder.name.endswith(fingerprint(run.step, settings)):
            raise RuntimeError(f'{run.step.path} has changed since the command started. Start the command again')
        if run.step.tool == 'train':
            from reproduction.training import train_and_test

            train_and_test(run, settings, connection.send)
        else:
            _run_tool(run, settings)
    except SystemExit as end:  # the training was asked to stop, and wrote a checkpoint
        connection.send(f'stopped (exit code {end.code})')
        raise
    except BaseException as error:
        (run.folder / 'failed.txt').write_text(traceback.format_exc())
        connection.send(f'{type(error).__name__}: {error}')
        traceback.print_exc()
        sys.exit(1)


def _run_tool(run: Run, settings: Settings) -> None:
    """Run a tool as from the command line."""
    from reproduction.training import write_results

    begun = time.perf_counter()
    tool, *arguments = tool_arguments(run, settings)
    output = run.folder / OUTPUTS[run.step.tool]
    if not output.is_file():  # it exists if the command was killed after the tool had finished
        sys.argv = [tool, *arguments]
        try:
            runpy.run_path(str(ROOT / tool), run_name='__main__')
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f'{tool} failed with exit code {end.code!r}, see {run.folder / LOG}') from end
    numbers = json.loads(output.read_text()) if run.step.tool == 'box_numbers' else {}
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    write_results(run, settings, numbers, device=device, seconds=time.perf_counter() - begun)


def _die_with_parent() -> None:
    """End this process when its parent ends, so that no run continues unnoticed after its command was killed."""
    parent = parent_process()

    def watch(join: Callable[[], object]) -> None:
        join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, args=(parent.join,), daemon=True).start()
