"""Reproduction: the paper's tables and figures, its numbers beside ours, and the runs that make ours.

What is imported here loads no network code: listing what there is takes seconds.
"""

from sltnet_mm.reproduction.figures import figure
from sltnet_mm.reproduction.recipes import DATA
from sltnet_mm.reproduction.runs import Run, RunFolders
from sltnet_mm.reproduction.steps import Settings, Step
from sltnet_mm.reproduction.tables import Row, Table, table

__all__ = ['DATA', 'Row', 'Run', 'RunFolders', 'Settings', 'Step', 'Table', 'figure', 'table']
