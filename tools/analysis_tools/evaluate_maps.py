#!/usr/bin/env python
"""Evaluate maps that any code saved as .npy files, under any number of protocols.

    python tools/analysis_tools/evaluate_maps.py MAPS LISTS [--protocols wsolevaluation wsolevaluation-v2 tscam]

MAPS holds one ``<image path>.npy`` an image (the image's suffix may be kept or dropped), as wsolevaluation writes them:
score maps in [0, 1] of the network input's size. With --raw they are class maps of any range and size, which every
protocol resizes and normalizes by its own rules. LISTS is a split's folder of wsolevaluation's lists (image_ids.txt,
image_sizes.txt, localization.txt). Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.utils import ProgressBar

from sltnet_mm.datasets.evaluation_lists import EvaluationLists, read_evaluation_lists
from sltnet_mm.evaluation import PROTOCOLS, Protocol, evaluate_score_maps, load_score_maps
from sltnet_mm.evaluation.map_resize import protocol_score_map
from sltnet_mm.evaluation.tables import check_table_path, write_table

ON_MAPS = [name for name, protocol in PROTOCOLS.items() if protocol.map is not None]


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('maps', type=Path, help='folder of .npy files')
    parser.add_argument('lists', type=Path, help="folder of a split's lists")
    parser.add_argument(
        '--protocols', nargs='+', choices=ON_MAPS, default=ON_MAPS, metavar='NAME', help=f'of {ON_MAPS}'
    )
    parser.add_argument('--raw', action='store_true', help='the files are class maps: resize and normalize them')
    parser.add_argument('--size', nargs=2, type=int, default=(224, 224), metavar=('W', 'H'), help='with --raw')
    parser.add_argument('--workers', type=int, default=1, help='threads')
    parser.add_argument('--table', help='one row an image: IoU at the best threshold (.csv or .parquet)')
    parser.add_argument('--out', type=Path, help='all numbers and curves (.json)')
    args = parser.parse_args()
    if not args.maps.is_dir():
        parser.error(f'MAPS {args.maps} is not a folder')
    if args.table:
        check_table_path(args.table)
    return args


def evaluate(
    lists: EvaluationLists, protocol: Protocol, args: argparse.Namespace
) -> tuple[dict[str, Any], list[float]]:
    """Evaluate all maps under one protocol; return the result and each image's IoU at the best threshold."""
    curves, bar = [], ProgressBar(len(lists.names))

    def on_image(name: str, ious: np.ndarray) -> None:
        if args.table:
            curves.append(ious.astype(np.float32))
        bar.update()

    result = evaluate_score_maps(
        score_maps(lists, protocol, args),
        lists.gt_boxes,
        protocol,
        image_sizes=lists.sizes,
        names=lists.names,
        workers=args.workers,
        on_image=on_image,
    )
    print()
    best = int(np.searchsorted(result['thresholds'], result['best_threshold']))
    return result, [float(ious[best]) for ious in curves]


def score_maps(lists: EvaluationLists, protocol: Protocol, args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Load the maps one by one, and make score maps of raw ones."""
    for name, array in zip(lists.names, load_score_maps(args.maps, lists.names), strict=True):
        try:
            yield protocol_score_map(array, tuple(args.size), protocol) if args.raw else array
        except ValueError as error:
            raise ValueError(f'image {name!r}: {error}') from error


def main() -> None:
    """Evaluate, print, and write what was asked for."""
    args = parse_args()
    lists = read_evaluation_lists(args.lists)
    rows: list[dict[str, Any]] = [{'image': name} for name in lists.names]
    results = {}
    for name in args.protocols:
        protocol = PROTOCOLS[name]
        print(f'{protocol}, {len(rows)} images')
        results[name], ious = evaluate(lists, protocol, args)
        for row, iou in zip(rows, ious, strict=False):
            row |= {f'map/{name}/iou': iou, f'map/{name}/right': iou > 0.5 if protocol.strict else iou >= 0.5}
            row[f'map/{name}/threshold'] = results[name]['best_threshold']
    print(markdown(results))
    if args.table:
        write_table(args.table, rows)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, default=lambda array: np.asarray(array).tolist(), indent=1))


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """The numbers of each protocol as a Markdown table."""
    lines = [
        '| protocol | threshold | IoU .3 | IoU .5 | IoU .7 | mean of the three | mean IoU |',
        '|---|---|---|---|---|---|---|',
    ]
    for name, result in results.items():
        accuracy = ' | '.join(f'{result["max_box_acc"][level]:.2f}' for level in (30, 50, 70))
        of = 'fixed' if len(result['thresholds']) == 1 else 'best'
        threshold = f'{result["best_threshold"]:.3f} ({of})'
        lines.append(
            f'| {name} | {threshold} | {accuracy} | {result["max_box_acc_v2"]:.2f} | {result["mean_iou"]:.2f} |'
        )
    return '\n'.join(lines)


if __name__ == '__main__':
    main()
