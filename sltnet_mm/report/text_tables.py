"""Tables as text: for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal: the first column to the left, the others to the right, two spaces between them.

    Args:
        heads: One text per column.
        rows: As many texts per row.

    Raises:
        ValueError: If a row has another number of cells.

    Example:
        >>> print(plain_table(['method', 'IoU'], [['CAM', '41.2'], ['SLT-Net', '61']]))
        method    IoU
        CAM      41.2
        SLT-Net    61
    """
    return _render(Table(box=None, padding=(0, 0, 0, 2), pad_edge=False), heads, rows)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown; a bar in a cell is escaped. Arguments and errors as in :func:`plain_table`.

    Example:
        >>> print(markdown_table(['method', 'IoU'], [['CAM', '41.2']]))
        | method |  IoU |
        |--------|------|
        | CAM    | 41.2 |
    """
    escaped = [[cell.replace('|', r'\|') for cell in row] for row in (heads, *rows)]
    return _render(Table(box=box.MARKDOWN), escaped[0], escaped[1:]).strip()  # rich's frame has blank edges


def _render(table: Table, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    for number, head in enumerate(heads):
        table.add_column(Text(head), justify='right' if number else 'left', no_wrap=True)
    for row in rows:
        if len(row) != len(heads):
            raise ValueError(f'a row of the table has {len(row)} cells, the head has {len(heads)}: {list(row)}')
        table.add_row(*map(Text, row))
    # Text, not str: square brackets and colons in a cell are no markup.
    console = Console(file=StringIO(), width=10_000, color_system=None, force_terminal=False, _environ={})
    with console.capture() as captured:
        console.print(table)
    return '\n'.join(line.rstrip() for line in captured.get().rstrip('\n').split('\n'))
