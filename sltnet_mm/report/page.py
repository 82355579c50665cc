"""The page of a report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sltnet_mm.report.charts import line_chart
from sltnet_mm.report.results import ResultRow, number, shown_columns
from sltnet_mm.report.style import STYLE

Curve = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Tile:
    """One picture: H x W x 3 uint8 RGB, and the lines below it."""

    image: np.ndarray
    caption: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """What a page says. All texts are plain: they are escaped.

    Args:
        title: Head of the page.
        summary: Paragraphs before the table.
        rows: The table.
        table_notes: A list of sentences below it.
        picture_note: A paragraph above the pictures: how they were chosen, what the colors mean.
        columns: Heads of the columns of pictures.
        pictures: One row an image, each with as many tiles as there are columns.
        curves: Name of a run -> name of a loss -> (steps, values).
        facts: What was run, as name -> value.
    """

    title: str
    summary: Sequence[str]
    rows: Sequence[ResultRow]
    table_notes: Sequence[str] = ()
    picture_note: str = ''
    columns: Sequence[str] = ()
    pictures: Sequence[Sequence[Tile]] = ()
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError('Report: rows is empty: there is nothing to report')
        for row in self.pictures:
            if len(row) != len(self.columns):
                raise ValueError(f'Report: a row of pictures has {len(row)} tiles for {len(self.columns)} columns')


def write_report(report: Report, path: str | Path) -> Path:
    """Write the page, making its folder; returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_page(report), encoding='utf-8')
    return path


def render_page(report: Report) -> str:
    """The page as one HTML document: style and pictures are inside, nothing is fetched, no script.

    Example:
        >>> page = render_page(Report('Demo <1>', ['A run.'], [ResultRow('CAM', 'its map', {'gt_known': 50.})]))
        >>> '<h1>Demo &lt;1&gt;</h1>' in page, '50.0' in page
        (True, True)
    """
    body = [f'<h1>{escape(report.title)}</h1>', *map(_paragraph, report.summary)]
    body += ['<h2>Results</h2>', _table(report.rows)]
    if report.table_notes:
        body.append('<ul>' + ''.join(f'<li>{escape(note)}</li>' for note in report.table_notes) + '</ul>')
    meanings = {column.name: column.meaning for column in shown_columns(report.rows)}
    body += ['<h2>How to read the columns</h2>', _definitions(meanings)]
    if report.pictures:
        body += ['<h2>Pictures</h2>', _paragraph(report.picture_note), _pictures(report)]
    if report.curves:
        body += ['<h2>Training</h2>', *(_curves(run, losses) for run, losses in report.curves.items())]
    if report.facts:
        body += ['<h2>What was run</h2>', _definitions(report.facts)]
    content = '\n'.join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n'
        f'<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n'
    )


def _paragraph(text: str) -> str:
    return f'<p>{escape(text)}</p>'


def _definitions(texts: Mapping[str, str]) -> str:
    return '<dl>' + ''.join(f'<dt>{escape(name)}</dt><dd>{escape(text)}</dd>' for name, text in texts.items()) + '</dl>'


def _table(rows: Sequence[ResultRow]) -> str:
    columns = shown_columns(rows)
    best = {
        column.key: f'{max(row.numbers[column.key] for row in rows if column.key in row.numbers):.1f}'
        for column in columns
    }
    head = ''.join(f'<th scope="col">{escape(column.name)}</th>' for column in columns)
    lines = []
    for row in rows:
        texts = {column.key: number(row, column) for column in columns}
        cells = ''.join(f'<td{" class=best" if text == best[key] else ""}>{text}</td>' for key, text in texts.items())
        lines.append(f'<tr><th scope="row">{escape(row.name)}<small>{escape(row.how)}</small></th>{cells}</tr>')
    return (
        '<div class="wide"><table><thead><tr><th scope="col">percent of the test images</th>'
        f'{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def _pictures(report: Report) -> str:
    tiles = []
    for row in report.pictures:
        for name, tile in zip(report.columns, row, strict=True):
            lines = [escape(line) for line in (name, *tile.caption)]
            height, width = tile.image.shape[:2]
            tiles.append(
                f'<figure><img src="{_data_url(tile.image)}" width="{width}" height="{height}" '
                f'alt="{", ".join(lines)}"><figcaption>{"<br>".join(lines)}</figcaption></figure>'
            )
    return f'<div class="pictures" style="--columns:{len(report.columns)}">' + '\n'.join(tiles) + '</div>'


def _data_url(image: np.ndarray) -> str:
    # A third of PNG's size without visible blocks around the boxes' lines; with halved color, thin red turns brown.
    content = BytesIO()
    Image.fromarray(image).save(content, 'JPEG', quality=85, subsampling='4:4:4')
    return 'data:image/jpeg;base64,' + base64.b64encode(content.getvalue()).decode('ascii')


def _curves(run: str, losses: Mapping[str, Curve]) -> str:
    charts = ''.join(f'<div>{line_chart(name, *curve)}</div>' for name, curve in losses.items())
    return f'<h3>{escape(run)}</h3><div class="charts">{charts}</div>'
