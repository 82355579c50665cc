"""What the tests kill: tools of this package, run in processes forked from a server that has imported everything."""

import os
import runpy
import sys
from pathlib import Path

from mmengine.runner import runner as runner_module

from sltnet_mm.report.environment import import_hosts

ROOT = Path(__file__).parents[1]

import_hosts()
runner_module.collect_env = dict  # it starts compilers, which takes longer than the runs here


def run_tool(tool: str, arguments: list[str], log: str, settings: dict[str, str]) -> None:
    """Run a tool as from the command line, as a process group of its own; its output goes to a file."""
    os.setsid()
    os.chdir(ROOT)
    os.environ.update(settings)
    with open(log, 'ab') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = [tool, *arguments]
    sys.path.insert(0, str(ROOT / 'tools'))
    if tool == 'sltnet-boxes':
        from sltnet_mm.labeling.command import main

        sys.exit(main(arguments))
    runpy.run_path(str(ROOT / tool), run_name='__main__')
