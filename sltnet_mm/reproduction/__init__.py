"""Reproduction: the paper's tables and figures, its numbers beside ours, and the runs that make ours.

What is imported here loads no network code: listing what there is takes seconds.
"""

from .figures import figure
from .recipes import DATA
from .runs import Run, RunFolders
from .steps import Settings, Step
from .tables import Row, Table, table

__all__ = ['DATA', 'Row', 'Run', 'RunFolders', 'Settings', 'Step', 'Table', 'figure', 'table']
