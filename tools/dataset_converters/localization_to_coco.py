#!/usr/bin/env python
"""Write the ground-truth boxes of a split as COCO json, for mmdet's CocoMetric or to train a detector on them.

    python tools/dataset_converters/localization_to_coco.py CONFIG --split test --out gt_test.json

CONFIG is any config of this package with the data set. The json has the layout of tools/generate_pseudo_boxes.py; file
names in it are relative to data_root, so set data_prefix=dict(img=DATA_ROOT) in the detector's config.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sltnet_mm.command_line import add_common_arguments, config_of_args
from sltnet_mm.structures.box_file import write_box_file


def main() -> None:
    """Export the boxes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='test', help='default: %(default)s')
    parser.add_argument('--out', type=Path, required=True, help='COCO json file to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from mmengine.registry import init_default_scope

    from sltnet_mm.datasets.coco_export import build_with_boxes, gt_boxes_as_coco

    cfg = config_of_args(args)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    boxes = gt_boxes_as_coco(build_with_boxes(cfg[f'{args.split}_dataloader'].dataset))
    write_box_file(args.out, boxes)
    print(f'\n{len(boxes["annotations"])} ground-truth boxes of {len(boxes["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
