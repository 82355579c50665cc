"""Reproduction: the paper's tables and figures, its numbers beside ours, and the runs that make ours.

What is imported here loads no network code: listing what there is takes seconds.
"""

from __future__ import annotations

from reproduction.figures import figure
from reproduction.recipes import DATA
from reproduction.runs import Run, RunFolders
from reproduction.steps import Settings, Step
from reproduction.tables import Row, Table, table

__all__ = ['DATA', 'Row', 'Run', 'RunFolders', 'Settings', 'Step', 'Table', 'figure', 'table']
