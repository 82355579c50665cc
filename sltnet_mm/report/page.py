"""The page of a report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sltnet_mm.report.charts import line_chart
from sltnet_mm.report.results import ResultRow, best_row, number, shown_columns
from sltnet_mm.report.templating import data_url, render_template

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
    columns = shown_columns(report.rows)
    return render_template(
        'report.html',
        title=report.title,
        report=report,
        columns=columns,
        lines=_lines(report.rows),
        meanings={column.name: column.meaning for column in columns},
        pictures=[
            _picture(head, tile) for row in report.pictures for head, tile in zip(report.columns, row, strict=True)
        ],
        charts={
            run: [line_chart(name, *curve) for name, curve in losses.items()] for run, losses in report.curves.items()
        },
    )


def _lines(rows: Sequence[ResultRow]) -> list[tuple[ResultRow, list[tuple[str, bool]]]]:
    """Rows with their cells: the text, and whether it is the best of its column as it is shown."""
    columns = shown_columns(rows)
    best = [f'{best_row(rows, column.key).numbers[column.key]:.1f}' for column in columns]
    lines = []
    for row in rows:
        texts = [number(row, column) for column in columns]
        lines.append((row, [(text, text == top) for text, top in zip(texts, best, strict=True)]))
    return lines


def _picture(head: str, tile: Tile) -> dict[str, Any]:
    # A third of PNG's size without visible blocks around the boxes' lines; with halved color, thin red turns brown.
    content = BytesIO()
    Image.fromarray(tile.image).save(content, 'JPEG', quality=85, subsampling='4:4:4')
    height, width = tile.image.shape[:2]
    return dict(url=data_url(content.getvalue(), 'jpeg'), width=width, height=height, lines=[head, *tile.caption])
