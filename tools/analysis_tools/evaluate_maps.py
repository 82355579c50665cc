#!/usr/bin/env python
"""Evaluate score maps saved as .npy files by any program, under one or more protocols.

    python tools/analysis_tools/evaluate_maps.py MAPS LISTS [--protocols wsolevaluation wsolevaluation-v2 tscam]

MAPS has one file ``<image path>.npy`` per image (with or without the image's suffix), as wsolevaluation writes them:
score maps in [0, 1] with the size of the network input. With --raw they are class maps of any range and size, which
each protocol resizes and normalizes by its own rules. LISTS is the folder with wsolevaluation's lists of the split
(image_ids.txt, image_sizes.txt, localization.txt). The output is a Markdown table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sltnet_mm.command_line import add_overwrite_argument, refuse_existing
from sltnet_mm.progress import progress
from sltnet_mm.structures.atomic_write import atomic_write

# What imports torch is imported in the functions: it takes seconds, and --help must not wait for it.
if TYPE_CHECKING:
    from sltnet_mm.datasets.evaluation_lists import EvaluationLists
    from sltnet_mm.evaluation import Protocol


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('maps', type=Path, help='folder with the .npy files')
    parser.add_argument('lists', type=Path, help='folder with the lists of the split')
    parser.add_argument('--protocols', nargs='+', metavar='NAME', help='default: all protocols for maps')
    parser.add_argument('--raw', action='store_true', help='the files are class maps, to be resized and normalized')
    parser.add_argument(
        '--size', nargs=2, type=int, default=(224, 224), metavar=('W', 'H'), help='input size, with --raw'
    )
    parser.add_argument('--workers', type=int, default=1, help='number of threads')
    parser.add_argument('--table', help='output table, IoU per image at the best threshold (.csv or .parquet)')
    parser.add_argument('--out', type=Path, help='output file for all metrics and curves (.json)')
    add_overwrite_argument(parser)
    args = parser.parse_args()
    refuse_existing(parser, args.overwrite, {'--table': args.table, '--out': args.out})
    if not args.maps.is_dir():
        parser.error(f'MAPS must be an existing folder, got {args.maps}')
    from sltnet_mm.evaluation import PROTOCOLS
    from sltnet_mm.evaluation.tables import check_table_path

    on_maps = [name for name, protocol in PROTOCOLS.items() if protocol.map is not None]
    args.protocols = args.protocols or on_maps
    if unknown := [name for name in args.protocols if name not in on_maps]:
        parser.error(f'--protocols must be among {on_maps}, got {unknown}')
    if args.table:
        check_table_path(args.table)
    return args


def evaluate(
    lists: EvaluationLists, protocol: Protocol, args: argparse.Namespace
) -> tuple[dict[str, Any], list[float]]:
    """The result of all maps under one protocol, and each image's IoU at the best threshold."""
    from sltnet_mm.evaluation import evaluate_score_maps

    curves = []
    with progress('Maps', len(lists.names)) as advance:

        def on_image(name: str, ious: np.ndarray) -> None:
            if args.table:
                curves.append(ious.astype(np.float32))
            advance(1)

        result = evaluate_score_maps(
            score_maps(lists, protocol, args),
            lists.gt_boxes,
            protocol,
            image_sizes=lists.sizes,
            names=lists.names,
            workers=args.workers,
            on_image=on_image,
        )
    best = int(np.searchsorted(result['thresholds'], result['best_threshold']))
    return result, [float(ious[best]) for ious in curves]


def score_maps(lists: EvaluationLists, protocol: Protocol, args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Yield the maps one by one; with --raw they are converted to score maps."""
    from sltnet_mm.evaluation import load_score_maps
    from sltnet_mm.evaluation.prediction_maps import protocol_score_map

    for name, array in zip(lists.names, load_score_maps(args.maps, lists.names), strict=True):
        try:
            yield protocol_score_map(array, tuple(args.size), protocol) if args.raw else array
        except ValueError as error:
            raise ValueError(f'image {name!r}: {error}') from error


def main() -> None:
    """Evaluate the maps, print the table, and write the requested files."""
    args = parse_args()
    from sltnet_mm.datasets.evaluation_lists import read_evaluation_lists
    from sltnet_mm.evaluation import PROTOCOLS
    from sltnet_mm.evaluation.tables import write_table

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
        with atomic_write(args.out) as partial:
            partial.write_text(json.dumps(results, default=lambda array: np.asarray(array).tolist(), indent=1))


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """The metrics under each protocol as a Markdown table."""
    from sltnet_mm.report.text_tables import markdown_table

    heads = ['protocol', 'threshold', 'IoU .3', 'IoU .5', 'IoU .7', 'mean of the three', 'mean IoU']
    rows = []
    for name, result in results.items():
        of = 'fixed' if len(result['thresholds']) == 1 else 'best'
        metrics = [result['max_box_acc'][level] for level in (30, 50, 70)]
        metrics += [result['max_box_acc_v2'], result['mean_iou']]
        rows.append([name, f'{result["best_threshold"]:.3f} ({of})', *(f'{metric:.2f}' for metric in metrics)])
    return markdown_table(heads, rows)


if __name__ == '__main__':
    main()
