"""Rendering of a table as Markdown, CSV and HTML: the paper's numbers, ours, differences, and commands."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from reproduction.notes import PAPER_NAMES, commands, notes
from reproduction.results import MeasuredRow
from reproduction.runs import RunFolders
from reproduction.tables import Table
from sltnet_mm.report.results import COLUMNS
from sltnet_mm.report.templating import data_url, render_template
from sltnet_mm.report.text_tables import markdown_table

NAMES = {column.key: column.name for column in COLUMNS}
_TEMPLATES = Path(__file__).parent / 'templates'
CSV_HEADS = (
    'table row number paper_dataset paper our_dataset ours difference seeds values state config device date commands'
)


class Rendering:
    """The current state of a table, in three formats.

    Args:
        table: The table.
        rows: Its rows with our numbers.
        folders: Folders of the runs.
        pictures: PNG files to include. Defaults to ().
    """

    def __init__(
        self, table: Table, rows: Sequence[MeasuredRow], folders: RunFolders, pictures: Sequence[Path] = ()
    ) -> None:
        self.table, self.rows, self.pictures = table, rows, pictures
        self.notes = notes(table, rows, folders.settings)
        self.commands = commands(rows, folders)

    def write(self, folder: Path) -> list[Path]:
        """Write ``<table>_<data set>.md``, ``.csv`` and ``.html``; the result has their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for ending, text in (('md', self.markdown()), ('csv', self.csv()), ('html', self.html())):
            path = folder / f'{self.table.name}.{ending}'
            path.write_text(text, encoding='utf-8')
            written.append(path)
        return written

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Header and lines: four columns for each of the paper's metrics, one for each of our other metrics.

        If our data set is not the paper's, there are gains over the first row instead of differences.
        """
        paper, data = self.table.keys, self.table.data
        further = [key for key in NAMES if key not in paper and any(row.values(key) for row in self.rows)]
        heads = ['row', 'config', 'state']
        for key in paper:
            compared = 'difference' if data.of_the_paper else 'gain over the first row: paper / ours'
            heads += [f'{NAMES[key]}: paper ({PAPER_NAMES[data.paper]})', f'ours ({data.name})', compared, 'each seed']
        heads += [f'{NAMES[key]}: ours' for key in further]
        lines = []
        for row in self.rows:
            line = [row.row.name, Path(row.row.step.config).name if row.row.step else '-', row.state]
            for key in paper:
                seeds = ', '.join(map(_number, row.values(key))) or '-'
                line += [_number(row.row.paper.get(key)), _number(row.mean(key)), self._compared(row, key), seeds]
            lines.append(line + [_number(row.mean(key)) for key in further])
        return heads, lines

    def _compared(self, row: MeasuredRow, key: str) -> str:
        if self.table.data.of_the_paper:
            return _number(row.difference(key), sign=True)
        first = self.rows[0]
        gains = [
            _number(a - b if a is not None and b is not None else None, sign=True)
            for a, b in ((row.row.paper.get(key), first.row.paper.get(key)), (row.mean(key), first.mean(key)))
        ]
        return '-' if row is first or gains == ['-', '-'] else ' / '.join(gains)

    def markdown(self) -> str:
        """The table as Markdown."""
        heads, lines = self.cells()
        text = [f'# {self.table.title}', '', *(f'![{self.table.title}]({path.name})\n' for path in self.pictures)]
        text += [markdown_table(heads, lines), '', *(f'* {note}' for note in self.notes)]
        for name, steps in self.commands:
            text += ['', f'{name}, first seed:', '```', *steps, '```']
        return '\n'.join(text) + '\n'

    def csv(self) -> str:
        """The table as CSV, one line per row and metric; without differences if our data set is not the paper's."""
        out, data = io.StringIO(), self.table.data
        writer = csv.writer(out, lineterminator='\n')
        writer.writerow(CSV_HEADS.split())
        how = dict(self.commands)
        for row in self.rows:
            first = next(iter(row.results.values()), {})
            for key in (key for key in NAMES if key in row.row.paper or row.values(key)):
                difference = row.difference(key) if data.of_the_paper else None
                paper, ours, difference_text = map(_plain, (row.row.paper.get(key), row.mean(key), difference))
                seeds = ' '.join(str(seed) for seed, numbers in row.numbers.items() if key in numbers)
                line = [
                    self.table.number,
                    row.row.name,
                    key,
                    data.paper,
                    paper,
                    data.name,
                    ours,
                    difference_text,
                    seeds,
                ]
                line += [' '.join(map(_plain, row.values(key))), row.state, row.row.step.config if row.row.step else '']
                line += [first.get('device', ''), first.get('date', ''), ' && '.join(how.get(row.row.name, ()))]
                writer.writerow(line)
        return out.getvalue()

    def html(self) -> str:
        """The table as a self-contained HTML page."""
        heads, lines = self.cells()
        return render_template(
            'table.html',
            _TEMPLATES,
            title=self.table.title,
            heads=heads,
            lines=lines,
            pictures=[data_url(path.read_bytes(), 'png') for path in self.pictures],
            notes=self.notes,
            commands=self.commands,
        )


def _plain(value: float | None) -> str:
    return '' if value is None else f'{value:.2f}'


def _number(value: float | None, sign: bool = False) -> str:
    if value is None:
        return '-'
    return f'{value:+.1f}' if sign else f'{value:.1f}'
