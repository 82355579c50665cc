#!/usr/bin/env python
"""Write the boxes of a localizer or an SLT-Net as COCO json.

    python tools/generate_pseudo_boxes.py CONFIG CHECKPOINT --out boxes.json
    torchrun --nproc_per_node 4 tools/generate_pseudo_boxes.py CONFIG CHECKPOINT --out boxes.json --launcher pytorch

Several processes divide the images and write the same file as one process. An interrupted run resumes: finished parts
are stored in boxes.json.parts until the file is complete.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from sltnet_mm.command_line import add_common_arguments, add_map_argument, config_of_args
from sltnet_mm.structures.box_file import write_box_file
from sltnet_mm.trust import add_trust_argument


def summary(boxes: dict[str, Any]) -> str:
    """The numbers of a file's boxes in words."""
    info, count = boxes['info'], len(boxes['annotations'])
    whole = len(info['whole_image_boxes'])
    text = f'{count} boxes of the {info["source"]} for {len(boxes["images"])} images ({whole} of them the whole image)'
    if whole > count / 2:
        text += ': most boxes locate nothing; see "If the boxes are bad" in docs/your_data.md;'
    return text


def main() -> None:
    """Compute and write the boxes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    add_map_argument(parser)
    add_trust_argument(parser)
    parser.add_argument('checkpoint', help='checkpoint of the localizer or of SLT-Net')
    parser.add_argument('--out', type=Path, required=True, help='COCO json file to write')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='train', help='default: %(default)s')
    parser.add_argument(
        '--threshold', type=float, help="share of the score map's maximum (default: from the config, or else 0.2)"
    )
    parser.add_argument(
        '--box-from',
        choices=('auto', 'localizer', 'regressor'),
        default='auto',
        help='the part of an SLT-Net that gives the box; auto: what training chose, as in SLTInferencer (default)',
    )
    parser.add_argument(
        '--masks', action='store_true', help="add the score map's foreground in the box as COCO segmentation"
    )
    parser.add_argument('--device', help='default: cuda if available')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file and parts of other settings')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from sltnet_mm.map_sources.setting import with_map_source
    from sltnet_mm.pseudo_boxes.from_localizer import export_pseudo_boxes
    from sltnet_mm.pseudo_boxes.resumable import start_processes

    device = start_processes(args.launcher)
    parts = args.out.with_name(args.out.name + '.parts')
    boxes = export_pseudo_boxes(
        with_map_source(config_of_args(args), args.map_source),
        args.checkpoint,
        args.split,
        args.threshold,
        args.device or device,
        parts,
        restart=args.overwrite,
        box_from=args.box_from,
        masks=args.masks,
    )
    if boxes is not None:
        write_box_file(args.out, boxes)
        shutil.rmtree(parts)
        print(f'\n{summary(boxes)} written to {args.out}')


if __name__ == '__main__':
    main()
