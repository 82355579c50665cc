#!/usr/bin/env python
"""Write boxes of deep descriptor transforming (DDT) as COCO json: what the images of a class have in common.

    python tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_cub.py --out boxes.json

Nothing is trained; the backbone's ImageNet weights are enough. Several processes (torchrun, --launcher pytorch) divide
the classes and write the same file as one process. An interrupted run resumes: finished classes are stored in
boxes.json.parts until the file is complete.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, config_of_args
from sltnet_mm.structures.box_file import write_box_file
from sltnet_mm.trust import add_trust_argument


def main() -> None:
    """Compute and write the boxes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    add_trust_argument(parser)
    parser.add_argument('--out', type=Path, required=True, help='COCO json file to write')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train', help='default: %(default)s')
    parser.add_argument('--checkpoint', help="checkpoint of a trained model; replaces the config's weights")
    parser.add_argument('--device', help='default: cuda if available')
    parser.add_argument(
        '--feature-memory',
        type=int,
        default=256,
        metavar='MIB',
        help='for the features of one class; those of larger classes are computed twice (default: %(default)s)',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file and parts of other settings')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from sltnet_mm.pseudo_boxes.from_ddt import export_ddt_boxes
    from sltnet_mm.pseudo_boxes.resumable import start_processes

    device = start_processes(args.launcher)
    parts = args.out.with_name(args.out.name + '.parts')
    boxes = export_ddt_boxes(
        config_of_args(args),
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
