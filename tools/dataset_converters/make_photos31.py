"""Build photos31: photographic composites (cut-outs on photographs) of 31 classes with exact boxes and masks.

The pictures come from six Debian packages (330 MB), which apt-get downloads without root rights. They have various
licenses: build the data set where you need it, and do not redistribute it. The images are not natural images, so use
results to compare methods with each other, not with published numbers. Most classes have one cut-out for both training
and test, so trust the localization numbers, not the classification numbers.

    python tools/dataset_converters/make_photos31.py                     # into data/photos31, 2 minutes on one core
    python tools/dataset_converters/make_photos31.py --out DIR --jobs 2 --sheets

The output is deterministic: the same options and versions of NumPy and OpenCV give the same bytes. It contains

    OUT/images/NNN.Class/*.jpg
    OUT/masks/NNN.Class/*.png                   255 for the visible object, else 0
    OUT/{meta,classes_meta}.csv
    OUT/{images,image_class_labels,train_test_split,bounding_boxes,classes}.txt
                                                training and test in CUB-200-2011's layout
    OUT/metadata/PHOTOS31/{train,val,test}/*.txt  wsolevaluation's lists
"""

from __future__ import annotations

import argparse
import os
import sys

import numpy as np
from photos31.building import build, image_digest
from photos31.lists import write_lists, write_sheets
from photos31.recipe import BACKGROUNDS
from photos31.sources import SourceError, fetch_packages


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default='data/photos31', help='output folder (default: %(default)s)')
    parser.add_argument('--work', help='folder to download and unpack packages in (default: OUT_packages)')
    parser.add_argument('--unpacked', help='folder with the unpacked packages; nothing is downloaded')
    parser.add_argument('--train', type=int, default=40, help='training images per class (default: %(default)s)')
    parser.add_argument('--val', type=int, default=5, help='validation images per class (default: %(default)s)')
    parser.add_argument('--test', type=int, default=20, help='test images per class (default: %(default)s)')
    parser.add_argument('--size', type=int, default=256, help='image side in pixels (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='random seed (default: %(default)s)')
    parser.add_argument(
        '--groups', default='', help='comma-separated, from mammal,other_animal,plant_food,vehicle (default: all)'
    )
    parser.add_argument('--name', default='PHOTOS31', help='name of the folder in metadata/ (default: %(default)s)')
    parser.add_argument('--jobs', type=int, default=1, help='number of processes (default: %(default)s)')
    parser.add_argument('--sheets', action='store_true', help='also write contact sheets with boxes to OUT/sheets')
    parser.add_argument('--force', action='store_true', help='replace an existing data set in OUT')
    args = parser.parse_args()
    for name, least in (('train', 0), ('val', 0), ('test', 0), ('size', 32), ('seed', 0), ('jobs', 1)):
        if getattr(args, name) < least:
            parser.error(f'--{name} must be at least {least}, got {getattr(args, name)}')
    if args.train + args.val + args.test == 0:
        parser.error('--train, --val and --test must not all be 0: there would be nothing to build')
    return args


def main() -> None:
    """Download the packages, build the data set, write the lists and print statistics."""
    args = parse_args()
    counts = dict(train=args.train, val=args.val, test=args.test)
    groups = [group for group in args.groups.split(',') if group]
    try:
        root = args.unpacked or fetch_packages(args.work or os.path.normpath(args.out) + '_packages')
        rows = build(root, args.out, counts, args.size, args.seed, groups, args.jobs, args.force)
    except SourceError as error:
        sys.exit(f'make_photos31: {error}')
    write_lists(args.out, rows, args.name, args.size)
    if args.sheets:
        write_sheets(args.out, rows)
    boxes = np.array([float(row['box_share']) for row in rows])
    masks = np.array([float(row['mask_share']) for row in rows])
    classes = len({row['label'] for row in rows})
    print(
        f'{classes} classes, {len(rows)} images; box share min {boxes.min():.2f} median {np.median(boxes):.2f} max '
        f'{boxes.max():.2f}; mask share median {np.median(masks):.2f}; photographs '
        f'{ {split: len(items) for split, items in BACKGROUNDS.items()} }'
    )
    print(f'sha256 of all images in order: {image_digest(args.out, rows)}')


if __name__ == '__main__':
    main()
