#!/usr/bin/env python
r"""Unpack OpenImages30k to the layout that configs/_base_/datasets/openimages_localization.py expects.

    python tools/dataset_converters/prepare_openimages.py OpenImages_images.zip OpenImages_annotations.zip \
        --lists wsolevaluation/metadata/OpenImages

The output is OUT/{train,val,test}/<class>/*.jpg, masks (*_m*.png, *_ignore.png) next to the images of val and test, and
OUT/metadata/OpenImages/{train,val,test}/*.txt. For the download links see docs/datasets.md.
"""

from __future__ import annotations

from pathlib import Path

from unpacking import make_parser, run, unpack

RULES = ((r'(?:.*/)?(train|val|test)/([^/]+)/([^/]+\.(?:jpg|png))', r'\1/\2/\3'),)


def main() -> None:
    """Unpack the archives and copy the lists."""
    parser = make_parser(__doc__, 'OpenImages_images.zip, OpenImages_annotations.zip')
    parser.add_argument('--lists', type=Path, required=True, help='metadata/OpenImages of wsolevaluation')
    parser.add_argument('--out', type=Path, default=Path('data/OpenImages'), help='default: %(default)s')
    args = parser.parse_args()
    unpack(args.archives, args.out, RULES, args.overwrite)
    from list_files import copy_lists

    for split in ('train', 'val', 'test'):
        target = args.out / 'metadata' / 'OpenImages' / split
        content = 'nothing' if split == 'train' else 'masks'
        number = copy_lists(args.lists / split, target, 100, content, args.overwrite)
        print(f'{target}: lists of {number} images')
    print(f'to check the data set, run: python tools/dataset_converters/verify.py openimages {args.out}')


if __name__ == '__main__':
    run(main)
