"""The page of a report: one self-contained HTML file."""

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
    """One picture with the lines of its caption.

    Args:
        image: H x W x 3 uint8 RGB.
        caption: Lines below the picture. Defaults to ().
    """

    image: np.ndarray
    caption: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """The content of a page. All texts are plain text; they are escaped in the page.

    Args:
        title: Title of the page.
        summary: Paragraphs above the table.
        rows: Rows of the table; at least one.
        table_notes: Sentences below the table. Defaults to ().
        picture_note: Paragraph above the pictures: how they were chosen, and what the colors mean. Defaults to ''.
        columns: Column names of the pictures. Defaults to ().
        pictures: One row per image, with one tile per column. Defaults to ().
        curves: Name of a run -> name of a loss -> (steps, values). Defaults to none.
        facts: Facts about the run, as name -> value. Defaults to none.

    Raises:
        ValueError: If there are no rows, or a row of pictures does not have one tile per column.
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
            raise ValueError('Report: rows must have at least one row, got none')
        for row in self.pictures:
            if len(row) != len(self.columns):
                raise ValueError(
                    f'Report: a row of pictures must have one tile per column, got {len(row)} tiles for '
                    f'{len(self.columns)} columns'
                )


def write_report(report: Report, path: str | Path) -> Path:
    """Write the page, and create its folder if necessary; the result is the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_page(report), encoding='utf-8')
    return path


def render_page(report: Report) -> str:
    """The page as one HTML document with embedded style and pictures, without scripts or external references.

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
    """The rows with their cells: the text, and whether it equals the best shown text of its column."""
    columns = shown_columns(rows)
    best = [f'{best_row(rows, column.key).numbers[column.key]:.1f}' for column in columns]
    lines = []
    for row in rows:
        texts = [number(row, column) for column in columns]
        lines.append((row, [(text, text == top) for text, top in zip(texts, best, strict=True)]))
    return lines


def _picture(head: str, tile: Tile) -> dict[str, Any]:
    # A third of the size of a PNG, without visible artifacts around the boxes; with 4:2:0, thin red lines look brown.
    content = BytesIO()
    Image.fromarray(tile.image).save(content, 'JPEG', quality=85, subsampling='4:4:4')
    height, width = tile.image.shape[:2]
    return dict(url=data_url(content.getvalue(), 'jpeg'), width=width, height=height, lines=[head, *tile.caption])
