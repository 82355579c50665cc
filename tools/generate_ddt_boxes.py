#!/usr/bin/env python
"""Write boxes of deep descriptor transforming (DDT) as COCO json: what the images of a class have in common.

    python tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_cub.py --out boxes.json

Nothing is trained; the backbone's ImageNet weights are enough. Several processes (torchrun, --launcher pytorch) share
the classes and write the same file as one. A run that was cut off goes on where it was: the classes that are done lie
in boxes.json.parts until the file is whole.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, load_config
from sltnet_mm.pseudo_boxes.from_ddt import export_ddt_boxes
from sltnet_mm.pseudo_boxes.resumable import start_processes
from sltnet_mm.structures.box_file import write_box_file


def main() -> None:
    """Parse, find the boxes, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    parser.add_argument('--out', type=Path, required=True, help='COCO json to write')
    parser.add_argument(
        '--split', choices=('train', 'val', 'test'), default='train', help='which data set of the config'
    )
    parser.add_argument('--checkpoint', help="a trained model's, in place of the weights that the config names")
    parser.add_argument('--device', help='"cuda" where there is one, by default')
    parser.add_argument(
        '--feature-memory',
        type=int,
        default=256,
        metavar='MIB',
        help="for one class' features; larger classes are computed twice (default: %(default)s)",
    )
    parser.add_argument('--overwrite', action='store_true', help='replace --out, and parts of other settings')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'{args.out} exists; give --overwrite to replace it')
    device = start_processes(args.launcher)
    parts = args.out.with_name(args.out.name + '.parts')
    boxes = export_ddt_boxes(
        load_config(args),
        args.split,
        args.checkpoint,
        args.device or device,
        args.feature_memory,
        parts,
        restart=args.overwrite,
    )
    if boxes is not None:
        write_box_file(args.out, boxes)
        shutil.rmtree(parts)
        print(f'\n{len(boxes["annotations"])} DDT boxes for {len(boxes["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
