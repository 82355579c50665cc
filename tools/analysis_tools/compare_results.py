#!/usr/bin/env python
"""Say which images two runs differ on, by their per-image tables.

    python tools/analysis_tools/compare_results.py A.csv B.csv --column box/sltnet/right [--other-column
    map/sltnet/right]

The tables are those of LocalizationMetric(table=...) or evaluate_maps.py --table.
"""

from __future__ import annotations

import argparse
from typing import Any

from sltnet_mm.evaluation.tables import read_table, write_table


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('first', help='table of the first run')
    parser.add_argument('second', help='table of the second run')
    parser.add_argument('--column', required=True, help='a column of right or wrong (".../right")')
    parser.add_argument('--other-column', help="the second table's column, where it has another name")
    parser.add_argument('--show', type=int, default=20, help='so many images of each kind are printed')
    parser.add_argument('--out', help='all images that differ, as a table (.csv or .parquet)')
    return parser.parse_args()


def read_column(path: str, column: str) -> dict[str, dict[str, Any]]:
    """Each image's cells: ``right`` (bool) and ``iou`` (number, or None where the table has none)."""
    found: dict[str, dict[str, Any]] = {}
    for row in read_table(path):
        if column not in row:
            raise KeyError(f'{path} has no column {column!r}, only {[name for name in row if name.endswith("/right")]}')
        if row['image'] in found:
            raise ValueError(f'{path}: image {row["image"]!r} occurs twice')
        iou = row.get(column.removesuffix('/right') + '/iou')
        found[row['image']] = {'right': str(row[column]) == 'True', 'iou': None if iou is None else float(iou)}
    return found


def compare(first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The images that are right in one run only, those with the largest change of IoU first.

    Raises:
        ValueError: If the runs evaluated different images.
    """
    alone = sorted(first.keys() ^ second.keys())
    if alone:
        raise ValueError(
            f'the tables are of different images: {len(alone)} are in one of them only, such as {alone[:3]}'
        )
    rows = [
        {
            'image': name,
            'right_in': 'first' if ours['right'] else 'second',
            'first': ours['iou'],
            'second': other['iou'],
        }
        for name, ours in first.items()
        if ours['right'] != (other := second[name])['right']
    ]
    return sorted(rows, key=lambda row: -abs((row['first'] or 0) - (row['second'] or 0)))


def main() -> None:
    """Print the comparison, and write it where asked to."""
    args = parse_args()
    first, second = read_column(args.first, args.column), read_column(args.second, args.other_column or args.column)
    rows = compare(first, second)
    both = sum(ours['right'] and second[name]['right'] for name, ours in first.items())
    print(f'{len(first)} images; right in both {both}, in neither {len(first) - both - len(rows)}')
    for which in ('first', 'second'):
        only = [row for row in rows if row['right_in'] == which]
        print(f'right in the {which} only: {len(only)}')
        for row in only[: args.show]:
            ious = ', '.join('?' if row[run] is None else f'{row[run]:.3f}' for run in ('first', 'second'))
            print(f'  {row["image"]}  IoU {ious}')
    if args.out and rows:
        write_table(args.out, rows)


if __name__ == '__main__':
    main()
