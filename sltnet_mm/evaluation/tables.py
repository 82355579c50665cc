"""Per-image results as a table: CSV, or Parquet if pyarrow is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sltnet_mm.structures.atomic_write import atomic_write

SUFFIXES = ('.csv', '.parquet')


def check_table_path(path: str | Path) -> Path:
    """The path of a table, after checking that it can be written.

    Raises:
        ValueError: If the suffix is not .csv or .parquet.
        ImportError: If it is .parquet and pyarrow is not installed.

    Example:
        >>> check_table_path('images.csv').name
        'images.csv'
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'table must end in one of {SUFFIXES}, got {str(path)!r}')
    if path.suffix == '.parquet' and importlib.util.find_spec('pyarrow') is None:
        raise ImportError(f'table {str(path)!r} needs pyarrow: pip install pyarrow, or write a .csv')
    return path


def write_table(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that have the same columns; the folder is created if missing.

    Args:
        path: File to write, .csv or .parquet.
        rows: One dict per row.

    Raises:
        ValueError: If there is no row, or the suffix is unknown.
        ImportError: If the suffix is .parquet and pyarrow is not installed.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'images.csv'
        >>> write_table(path, [{'image': 'a', 'iou': 0.5}])
        >>> read_table(path)
        [{'image': 'a', 'iou': '0.5'}]
    """
    path = check_table_path(path)
    if not rows:
        raise ValueError(f'table {str(path)!r}: rows must have at least one image, got none')
    if path.suffix == '.parquet':
        import pyarrow
        import pyarrow.parquet

        with atomic_write(path) as partial:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), partial)
        return
    with atomic_write(path) as partial, partial.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_table(path: str | Path) -> list[dict[str, Any]]:
    """Read a table; the values of a CSV are strings.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If the suffix is unknown, or the file is damaged or of another kind; the message names it.
    """
    path = check_table_path(path)
    if not path.is_file():
        raise FileNotFoundError(f'table {str(path)!r} does not exist: write it with LocalizationMetric(table=...)')
    if path.suffix == '.parquet':
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(path).read().to_pylist()
        except (pyarrow.ArrowException, OSError) as error:
            raise ValueError(f'table {str(path)!r} is not a Parquet file, or a damaged one: {error}') from error
    try:
        with path.open(newline='', encoding='utf-8') as file:
            reader = csv.DictReader(file, restkey='\0more', restval=None, strict=True)
            rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f'table {str(path)!r} is not a CSV file in UTF-8: {error}') from error
    for number, row in enumerate(rows, 2):
        if '\0more' in row or None in row.values():
            raise ValueError(f'table {str(path)!r}: row {number} has another number of columns than the header')
    return rows
