"""A table as Markdown, CSV and HTML: the paper's numbers, ours, the difference, and how ours were made."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..report.results import COLUMNS
from ..report.style import STYLE
from .measured import MeasuredRow
from .runs import code_fingerprint
from .tables import Table

NAMES = {column.key: column.name for column in COLUMNS}
PAPER_NAMES = dict(cub='CUB-200-2011', ilsvrc='ILSVRC2012')


def write_table(table: Table, rows: Sequence[MeasuredRow], folder: Path) -> list[Path]:
    """Write ``<table>_<data set>.md``, ``.csv`` and ``.html``; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for ending, text in (('md', markdown(table, rows)), ('csv', as_csv(table, rows)), ('html', html(table, rows))):
        path = folder / f'{table.name}.{ending}'
        path.write_text(text, encoding='utf-8')
        written.append(path)
    return written


def cells(table: Table, rows: Sequence[MeasuredRow]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of the table: of each number of the paper four columns, of our further ones one each."""
    paper, ours = (table.keys, [key for key in NAMES if any(row.values(key) for row in rows)])
    further = [key for key in ours if key not in paper]
    whose = PAPER_NAMES[table.data.paper]
    heads = ['row', 'config', 'state']
    for key in paper:
        heads += [f'{NAMES[key]}: paper ({whose})', f'ours ({table.data.name})', 'difference', 'each seed']
    heads += [f'{NAMES[key]}: ours only' for key in further]
    lines = []
    for row in rows:
        config = '-' if row.row.step is None else Path(row.row.step.config).name
        line = [row.row.name, config, row.state]
        for key in paper:
            line += [
                _number(row.row.paper.get(key)),
                _number(row.mean(key)),
                _number(row.difference(key), sign=True),
                ', '.join(map(_number, row.values(key))) or '-',
            ]
        lines.append(line + [_number(row.mean(key)) for key in further])
    return heads, lines


def notes(table: Table, rows: Sequence[MeasuredRow]) -> list[str]:
    """What a reader must know of the numbers: what stands beside what, where and when ours were made."""
    said = []
    if not table.data.of_the_paper:
        stand_ins = ', '.join(f'{ours} in place of {paper}' for paper, ours in table.data.stand_ins.items())
        said.append(
            f"The paper's numbers are those of {PAPER_NAMES[table.data.paper]}, ours are those of {table.data.name} "
            f'({table.data.classes} classes; {stand_ins}): other images, another network. The differences say nothing '
            'about a reproduction; compare how the rows of one column stand to one another.'
        )
    said.append(
        'Ours: mean over the seeds, in percent of the test images; protocol `sltnet` (threshold 0.2, IoU > 0.5); '
        'MaxBoxAccV2 is that of the score map that gives the box (protocol `wsolevaluation-v2` on the ACAM). '
        'Rows marked "paper only" are quoted from the paper.'
    )
    results = [result for row in rows for result in row.results.values()]
    if results:
        seeds = sorted({seed for row in rows for seed in row.results})
        devices, dates, versions = (sorted({result[key] for result in results}) for key in ('device', 'date', 'torch'))
        seconds = sum(result['seconds'] for result in results)
        said.append(
            f'Seeds {", ".join(map(str, seeds))}; {", ".join(devices)}; torch {", ".join(versions)}; '
            f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))}; {seconds / 60:.0f} minutes of training and test, '
            f'summed over {len(results)} runs that may have run side by side.'
        )
    for row in rows:
        resumed = [seed for seed, result in row.results.items() if result.get('resumed_from')]
        if resumed:
            said.append(f'{row.row.name}: seeds {resumed} were interrupted; a resumed run draws other random numbers.')
        other = [seed for seed, result in row.results.items() if result['code'] != code_fingerprint()]
        if other:
            said.append(f"{row.row.name}: seeds {other} were made by another state of the package's code.")
        if row.row.step is not None and row.row.step.missing:
            said.append(f'{row.row.name}: no config, there is no {", ".join(row.row.step.missing)}.')
    return said + list(dict.fromkeys(row.row.note for row in rows if row.row.note))


def commands(rows: Sequence[MeasuredRow]) -> list[tuple[str, list[str]]]:
    """Of each row of ours the commands of its first seed, those of earlier steps first."""
    found = []
    for row in rows:
        for result in list(row.results.values())[:1]:
            found.append((row.row.name, [*result.get('earlier_commands', ()), *result['commands']]))
    return found


def markdown(table: Table, rows: Sequence[MeasuredRow]) -> str:
    """The table as Markdown."""
    heads, lines = cells(table, rows)
    text = [f'# {table.title}', '', '| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads)]
    text += ['| ' + ' | '.join(line) + ' |' for line in lines]
    text += ['', *(f'* {note}' for note in notes(table, rows))]
    for name, steps in commands(rows):
        text += ['', f'{name}, its first seed:', '```', *steps, '```']
    return '\n'.join(text) + '\n'


def as_csv(table: Table, rows: Sequence[MeasuredRow]) -> str:
    """One line a row and number: for other programs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(
        'table row number paper_dataset paper our_dataset ours difference seeds values state config device date '
        'commands'.split()
    )
    for row in rows:
        first = next(iter(row.results.values()), {})
        config = row.row.step.config if row.row.step else ''
        for key in NAMES:
            if key not in row.row.paper and not row.values(key):
                continue
            values = [row.row.paper.get(key), row.mean(key), row.difference(key)]
            paper, ours, difference = ('' if value is None else f'{value:.2f}' for value in values)
            seeds = ' '.join(str(seed) for seed, numbers in row.numbers.items() if key in numbers)
            writer.writerow(
                [table.number, row.row.name, key, table.data.paper, paper, table.data.name, ours, difference]
                + [seeds, ' '.join(f'{value:.2f}' for value in row.values(key)), row.state, config]
                + [first.get('device', ''), first.get('date', ''), ' && '.join(first.get('commands', ()))]
            )
    return out.getvalue()


def html(table: Table, rows: Sequence[MeasuredRow]) -> str:
    """The table as a page that needs nothing else."""
    heads, lines = cells(table, rows)
    head = ''.join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = ''.join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(text)}</td>" for text in others)}</tr>'
        for first, *others in lines
    )
    said = ''.join(f'<li>{escape(note)}</li>' for note in notes(table, rows))
    how = ''.join(
        f'<h3>{escape(name)}, its first seed</h3><pre>{escape(chr(10).join(steps))}</pre>'
        for name, steps in commands(rows)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(table.title)}</title><style>{STYLE}pre {{ overflow-x: auto; }}</style></head>\n<body><main>'
        f'<h1>{escape(table.title)}</h1><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><ul>{said}</ul><h2>Commands</h2>{how}</main></body></html>\n'
    )


def _number(value: float | None, sign: bool = False) -> str:
    if value is None:
        return '-'
    return f'{value:+.1f}' if sign else f'{value:.1f}'
