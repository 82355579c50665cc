#!/usr/bin/env python
"""Compare two runs image by image, from their per-image tables.

    python tools/analysis_tools/compare_results.py A.csv B.csv --column box/sltnet/right [--other-column
    map/sltnet/right]

The tables are written by LocalizationMetric(table=...) or evaluate_maps.py --table.
"""

from __future__ import annotations

import argparse
from typing import Any

from sltnet_mm.command_line import add_overwrite_argument, refuse_existing


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('first', help='table of the first run')
    parser.add_argument('second', help='table of the second run')
    parser.add_argument('--column', required=True, help='column to compare (".../right")')
    parser.add_argument('--other-column', help='column of the second table (default: the same name)')
    parser.add_argument('--show', type=int, default=20, help='images to print per run (default: %(default)s)')
    parser.add_argument('--out', help='table for all images that differ (.csv or .parquet)')
    add_overwrite_argument(parser)
    args = parser.parse_args()
    refuse_existing(parser, args.overwrite, {'--out': args.out})
    return args


def read_column(path: str, column: str) -> dict[str, dict[str, Any]]:
    """The values ``right`` (bool) and ``iou`` (float, or None if the table has none) of each image."""
    from sltnet_mm.evaluation.tables import read_table  # imports torch, which --help must not wait for

    found: dict[str, dict[str, Any]] = {}
    for row in read_table(path):
        if column not in row:
            known = [name for name in row if name.endswith('/right')]
            raise KeyError(f'{path}: column must be one of {known}, got {column!r}')
        if row['image'] in found:
            raise ValueError(f'{path}: an image must occur once, but {row["image"]!r} occurs twice')
        iou = row.get(column.removesuffix('/right') + '/iou')
        found[row['image']] = {'right': str(row[column]) == 'True', 'iou': None if iou is None else float(iou)}
    return found


def compare(first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The images that are correct in only one run, largest change of IoU first.

    Raises:
        ValueError: If the runs evaluated different images.
    """
    alone = sorted(first.keys() ^ second.keys())
    if alone:
        raise ValueError(
            f'The tables must be of the same images, but {len(alone)} images are in only one, such as {alone[:3]}'
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
    """Print the comparison, and write the table if requested."""
    args = parse_args()
    first, second = read_column(args.first, args.column), read_column(args.second, args.other_column or args.column)
    rows = compare(first, second)
    both = sum(ours['right'] and second[name]['right'] for name, ours in first.items())
    print(f'{len(first)} images; correct in both: {both}, in neither: {len(first) - both - len(rows)}')
    for which in ('first', 'second'):
        only = [row for row in rows if row['right_in'] == which]
        print(f'correct only in the {which}: {len(only)}')
        for row in only[: args.show]:
            ious = ', '.join('?' if row[run] is None else f'{row[run]:.3f}' for run in ('first', 'second'))
            print(f'  {row["image"]}  IoU {ious}')
    if args.out and rows:
        from sltnet_mm.evaluation.tables import write_table

        write_table(args.out, rows)


if __name__ == '__main__':
    main()
