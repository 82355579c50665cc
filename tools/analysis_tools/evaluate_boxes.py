#!/usr/bin/env python
"""Evaluate a file of pseudo boxes against the ground truth of a split (Table 6), without a network.

    python tools/analysis_tools/evaluate_boxes.py boxes.json CONFIG [--split test] [--protocols sltnet psol]

The file must be written by tools/generate_pseudo_boxes.py or tools/generate_ddt_boxes.py with the same --split. CONFIG
is any config with the same data. The training split has no ground-truth boxes, by construction.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, add_overwrite_argument, config_of_args, refuse_existing
from sltnet_mm.structures.atomic_write import atomic_write


def main() -> None:
    """Evaluate the boxes, and print and write the metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('boxes', type=Path, help='file of pseudo boxes')
    add_common_arguments(parser)
    parser.add_argument('--split', choices=('val', 'test'), default='test', help='default: %(default)s')
    parser.add_argument('--protocols', nargs='+', default=['sltnet'], metavar='NAME', help='default: %(default)s')
    parser.add_argument(
        '--input-size', type=int, default=224, help='for protocols in input coordinates (default: %(default)s)'
    )
    parser.add_argument('--score-file', type=Path, help='class scores (tools/test.py --out-scores), for Top-k LOC')
    parser.add_argument('--table', help='output table with one row per image (.csv or .parquet)')
    parser.add_argument('--out', type=Path, help='output file for all metrics (.json)')
    add_overwrite_argument(parser)
    args = parser.parse_args()
    refuse_existing(parser, args.overwrite, {'--table': args.table, '--out': args.out})
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from sltnet_mm.evaluation import PROTOCOLS
    from sltnet_mm.evaluation.box_file_metric import evaluate_box_file
    from sltnet_mm.pseudo_boxes.from_localizer import build_for_export

    if unknown := [name for name in args.protocols if name not in PROTOCOLS]:
        parser.error(f'--protocols must be among {list(PROTOCOLS)}, got {unknown}')
    dataset = build_for_export(config_of_args(args), args.split)
    numbers = evaluate_box_file(args.boxes, dataset, args.protocols, args.input_size, args.score_file, args.table)
    for name, value in numbers.items():
        print(f'{name}: {value:.2f}')
    if args.out:
        with atomic_write(args.out) as partial:
            partial.write_text(json.dumps(numbers, indent=1) + '\n')


if __name__ == '__main__':
    main()
