#!/usr/bin/env python
"""Unpack CUB-200-2011, and CUBV2 for validation, to the layout that configs/_base_/datasets/cub*.py expect.

    python tools/dataset_converters/prepare_cub.py CUB_200_2011.tgz
    python tools/dataset_converters/prepare_cub.py CUB_200_2011.tgz CUBV2.tar --lists wsolevaluation/metadata/CUB/val

The output is

    OUT/{classes,images,image_class_labels,train_test_split,bounding_boxes}.txt
    OUT/images/<class>/*.jpg
    OUT/CUBV2/images/<class>/*.jpg
    OUT/CUBV2/lists/*.txt

For the download links see docs/datasets.md. After an interruption, run the same command again: files that are already
unpacked are kept.
"""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, make_parser, run, unpack

_CLASS = r'(\d{3}\.[^/]+)'
# CUB's archive has a folder CUB_200_2011; CUBV2's has class folders at the top or in one folder with another name.
RULES = (
    (r'CUB_200_2011/((?:classes|images|image_class_labels|train_test_split|bounding_boxes)\.txt)', r'\1'),
    (rf'CUB_200_2011/images/{_CLASS}/([^/]+\.jpg)', r'images/\1/\2'),
    (rf'(?:(?!CUB_200_2011)[^/]+/)?{_CLASS}/([^/]+\.jpe?g)', r'CUBV2/images/\1/\2'),
)


def main() -> None:
    """Unpack the archives and copy the lists."""
    parser = make_parser(__doc__, 'CUB_200_2011.tgz and, optionally, CUBV2.tar')
    parser.add_argument('--lists', type=Path, help="CUBV2's lists: metadata/CUB/val of wsolevaluation")
    parser.add_argument('--out', type=Path, default=Path('data/CUB_200_2011'), help='default: %(default)s')
    args = parser.parse_args()
    if not args.archives and not args.lists:
        parser.error('nothing to do: give an archive or --lists')
    unpack(args.archives, args.out, RULES, args.overwrite)
    lists = args.out / 'CUBV2' / 'lists'
    if args.lists:
        from list_files import copy_lists

        number = copy_lists(args.lists, lists, 200, 'boxes', args.overwrite)
        print(f'{lists}: lists of {number} images')
    elif (args.out / 'CUBV2' / 'images').is_dir() and not lists.is_dir():
        raise PrepareError(f'{lists.parent} has images but no lists. Give --lists (metadata/CUB/val of wsolevaluation)')
    print(f'to check the data set, run: python tools/dataset_converters/verify.py cub {args.out}')


if __name__ == '__main__':
    run(main)
