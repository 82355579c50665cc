#!/usr/bin/env python
"""Write a localizer's pseudo boxes as COCO json: generate_pseudo_boxes.py CONFIG CHECKPOINT --out boxes.json."""

import argparse
import json
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, load_config
from sltnet_mm.pseudo_box_export import export_pseudo_boxes


def main() -> None:
    """Parse, export, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', type=Path, required=True, help='COCO json to write')
    parser.add_argument(
        '--split', choices=('train', 'val', 'test'), default='train', help='which data set of the config'
    )
    parser.add_argument(
        '--threshold', type=float, help="share of the score map's maximum; default: the config's, else 0.2"
    )
    parser.add_argument('--device', help='"cuda" where there is one, by default')
    parser.add_argument('--overwrite', action='store_true', help='replace --out where it exists')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'{args.out} exists; give --overwrite to replace it')
    boxes = export_pseudo_boxes(load_config(args), args.checkpoint, args.split, args.threshold, args.device)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(boxes))
    print(f'\n{len(boxes["annotations"])} pseudo boxes for {len(boxes["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
