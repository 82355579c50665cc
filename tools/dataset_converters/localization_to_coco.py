#!/usr/bin/env python
"""Write a split's true boxes as COCO json, for mmdet's CocoMetric or for training a detector on them.

    python tools/dataset_converters/localization_to_coco.py CONFIG --split test --out true_test.json

CONFIG names the data sets as tools/train.py wants them. The layout is that of tools/generate_pseudo_boxes.py; file
names are relative to the data set's data_root, which the detector's config gives as data_prefix=dict(img=...).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.registry import init_default_scope

from sltnet_mm.command_line import add_common_arguments, load_config, unwrapped
from sltnet_mm.datasets.coco_export import build_with_boxes, gt_boxes_as_coco
from sltnet_mm.structures.box_file import write_box_file


def main() -> None:
    """Parse, export, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='test', help="which of the config's")
    parser.add_argument('--out', type=Path, required=True, help='COCO json to write')
    parser.add_argument('--overwrite', action='store_true', help='replace --out where it exists')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'{args.out} exists; give --overwrite to replace it')
    cfg = load_config(args)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    boxes = gt_boxes_as_coco(build_with_boxes(unwrapped(cfg[f'{args.split}_dataloader'].dataset)))
    write_box_file(args.out, boxes)
    print(f'\n{len(boxes["annotations"])} true boxes of {len(boxes["images"])} images written to {args.out}')


if __name__ == '__main__':
    main()
