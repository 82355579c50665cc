#!/usr/bin/env python
"""Draw the boxes of a box file: python tools/analysis_tools/browse_boxes.py BOXES --data-root FOLDER --out a.png."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    """Draw the boxes and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('boxes', type=Path, help='COCO json with boxes')
    parser.add_argument('--data-root', type=Path, required=True, help='folder that its file names are relative to')
    parser.add_argument('--out', type=Path, required=True, help='picture to write, .png or .jpg')
    parser.add_argument('--number', type=int, default=24, help='images, evenly spaced (default: %(default)s)')
    parser.add_argument('--columns', type=int, default=6, help='pictures per row (default: %(default)s)')
    parser.add_argument('--side', type=int, default=180, help='longer side of a picture (default: %(default)s)')
    args = parser.parse_args()
    for name in ('number', 'columns', 'side'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    if not args.boxes.is_file():
        parser.error(f'boxes: {args.boxes} does not exist')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    import mmcv
    import numpy as np

    from sltnet_mm.visualization.box_sheet import box_sheet

    coco = json.loads(args.boxes.read_text(encoding='utf-8'))
    images = coco['images']
    chosen = np.unique(np.linspace(0, len(images) - 1, min(args.number, len(images))).round().astype(int))
    sheet = box_sheet(coco, args.data_root, [images[index] for index in chosen], args.columns, args.side)
    mmcv.imwrite(sheet[..., ::-1], str(args.out))
    print(f'{len(chosen)} of {len(images)} images: {args.out}')


if __name__ == '__main__':
    main()
