#!/usr/bin/env python
"""Write annotations.csv for class folders, or print a training's settings for it.

    python tools/dataset_converters/folders_to_csv.py PHOTOGRAPHS
    python tools/dataset_converters/folders_to_csv.py PHOTOGRAPHS --settings

The first writes PHOTOGRAPHS/annotations.csv, the second prints num_classes and top_k for --cfg-options.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Write the file or print the settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('photographs', type=Path, help='folder with one folder of images per class')
    parser.add_argument('--settings', action='store_true', help='print the settings of an SLT-Net for --cfg-options')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing annotations.csv')
    args = parser.parse_args()
    # Imported here: torchvision takes seconds, and --help must not wait for it.
    from sltnet_mm.labeling.photograph_checks import check_photographs
    from sltnet_mm.labeling.photographs import CSV_NAME, read_photographs
    from sltnet_mm.labeling.plan import tolerated_classes

    path = args.photographs / CSV_NAME
    if args.settings:
        classes = len(read_photographs(args.photographs).classes)
        head = 'model.localizer.head'
        print(f'{head}.num_classes={classes} {head}.loss.top_k={tolerated_classes(classes)}')
        return
    if path.exists() and not args.overwrite:
        parser.error(f'photographs: {path} already exists. Use --overwrite to write it from the folders again')
    path.unlink(missing_ok=True)
    checked = check_photographs(read_photographs(args.photographs))
    checked.usable.write_csv(path)
    for name, reason in checked.left_out.items():
        print(f'left out: {name!r}: {reason}')
    for warning in checked.warnings:
        print(f'Note: {warning}')
    usable = checked.usable
    print(f'{len(usable.labels)} photographs of {len(usable.classes)} classes written to {path}, all as split train')


if __name__ == '__main__':
    main()
