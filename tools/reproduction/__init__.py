"""The paper's tables and figures: its numbers, our numbers, and the runs that produce ours.

Importing this package loads no network code, so that listing takes only seconds.
"""

from __future__ import annotations

from reproduction.figures import figure
from reproduction.leaderboard import leaderboard
from reproduction.recipes import DATA
from reproduction.runs import Run, RunFolders
from reproduction.steps import Settings, Step
from reproduction.tables import Row, Table, table

__all__ = ['DATA', 'Row', 'Run', 'RunFolders', 'Settings', 'Step', 'Table', 'figure', 'leaderboard', 'table']
