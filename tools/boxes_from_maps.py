#!/usr/bin/env python
"""Write pseudo boxes as COCO json, from maps saved by any program.

    python tools/boxes_from_maps.py CONFIG MAPS --out boxes.json

MAPS has one .npy file per image, named as the image in the data set's data_root (with or without its suffix): an H x W
map of any size and range that covers the whole image. CONFIG is any config of this package with the data set.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, config_of_args
from sltnet_mm.config import loading_steps, unwrapped
from sltnet_mm.structures.box_file import write_box_file


def main() -> None:
    """Compute and write the boxes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    parser.add_argument('maps', type=Path, help='folder with the .npy files')
    parser.add_argument('--out', type=Path, required=True, help='COCO json file to write')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train', help='default: %(default)s')
    parser.add_argument('--threshold', type=float, help="share of the map's maximum (default: the paper's 0.2)")
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from mmengine.registry import DATASETS, init_default_scope

    from sltnet_mm.functional.boxes import PAPER_THRESHOLD
    from sltnet_mm.pseudo_boxes.from_maps import boxes_of_map_files

    cfg = config_of_args(args)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = cfg[f'{args.split}_dataloader'].dataset
    dataset = DATASETS.build(dict(unwrapped(settings), pipeline=loading_steps(settings)))
    boxes = boxes_of_map_files(dataset, args.maps, PAPER_THRESHOLD if args.threshold is None else args.threshold)
    write_box_file(args.out, boxes)
    print(f'\n{len(boxes["annotations"])} pseudo boxes for {len(boxes["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
