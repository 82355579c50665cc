#!/usr/bin/env python
"""Lay out CUB-200-2011, and CUBV2 for validation, as configs/_base_/datasets/cub*.py expect them.

    python tools/dataset_converters/prepare_cub.py CUB_200_2011.tgz
    python tools/dataset_converters/prepare_cub.py CUB_200_2011.tgz CUBV2.tar --lists wsolevaluation/metadata/CUB/val

OUT/{classes,images,image_class_labels,train_test_split,bounding_boxes}.txt, OUT/images/<class>/*.jpg;
OUT/CUBV2/images/<class>/*.jpg and OUT/CUBV2/lists/*.txt.
Where they come from: docs/datasets.md. Unpacked files are left alone; run it again after an interrupt.
"""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, make_parser, run, unpack

_CLASS = r'(\d{3}\.[^/]+)'
# CUB's archive has a folder CUB_200_2011; CUBV2's has the class folders, bare or in one folder of any other name.
RULES = (
    (r'CUB_200_2011/((?:classes|images|image_class_labels|train_test_split|bounding_boxes)\.txt)', r'\1'),
    (rf'CUB_200_2011/images/{_CLASS}/([^/]+\.jpg)', r'images/\1/\2'),
    (rf'(?:(?!CUB_200_2011)[^/]+/)?{_CLASS}/([^/]+\.jpe?g)', r'CUBV2/images/\1/\2'),
)


def main() -> None:
    """Unpack, copy the lists."""
    parser = make_parser(__doc__, 'CUB_200_2011.tgz and, if wanted, CUBV2.tar')
    parser.add_argument('--lists', type=Path, help="CUBV2's lists: metadata/CUB/val of wsolevaluation")
    parser.add_argument('--out', type=Path, default=Path('data/CUB_200_2011'), help='default: %(default)s')
    args = parser.parse_args()
    if not args.archives and not args.lists:
        parser.error('nothing to do: name an archive or --lists')
    unpack(args.archives, args.out, RULES, args.overwrite)
    lists = args.out / 'CUBV2' / 'lists'
    if args.lists:
        from list_files import copy_lists

        number = copy_lists(args.lists, lists, 200, 'boxes', args.overwrite)
        print(f'lists of {number} images of CUBV2 in {lists}')
    elif (args.out / 'CUBV2' / 'images').is_dir() and not lists.is_dir():
        raise PrepareError(f'{lists.parent} has images but no lists: give --lists (metadata/CUB/val of wsolevaluation)')
    print(f'check it: python tools/dataset_converters/verify.py cub {args.out}')


if __name__ == '__main__':
    run(main)
