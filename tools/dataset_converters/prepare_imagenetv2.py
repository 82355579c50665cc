#!/usr/bin/env python
r"""Lay out ImageNetV2 (threshold 0.7), ILSVRC's validation split, as imagenetv2_localization.py expects it.

    python tools/dataset_converters/prepare_imagenetv2.py imagenetv2-threshold0.7.tar.gz \
        --lists wsolevaluation/metadata/ILSVRC/val

OUT/val2/<label>/*.jpeg and OUT/metadata/ILSVRC/val/*.txt. ImageNetV2 was published twice, its images numbered at first
(0/0.jpeg), later named by hashes (0/a31041...jpeg); so were the lists. Where images and lists differ, the lists are
written with the images' names, by the mapping.txt that lies beside the current lists.
"""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, make_parser, run, unpack

RULES = ((r'(?:.*/)?(\d{1,3})/([^/]+\.jpe?g)', r'val2/\1/\2'),)


def other_names(lists: Path, out: Path) -> dict[str, str]:
    """Path in the lists -> path on disk, for the lists' paths that are not there but whose other name is.

    Raises:
        PrepareError: A listed image is on disk under neither name.
    """
    listed = [line.strip() for line in (lists / 'image_ids.txt').read_text().splitlines() if line.strip()]
    absent = [path for path in listed if not (out / path).is_file()]
    if not absent:
        return {}
    mapping = _read_mapping(lists / 'mapping.txt')
    names = {path: mapping.get(path, path) for path in absent}
    missing = [path for path, other in names.items() if not (out / other).is_file()]
    if missing:
        hint = '' if mapping else ', and there is no mapping.txt beside them (take the current lists)'
        raise PrepareError(
            f'{len(missing)} of the {len(listed)} images that {lists / "image_ids.txt"} lists are not below {out}, the '
            f'first: {missing[0]}{hint}'
        )
    return names


def _read_mapping(path: Path) -> dict[str, str]:
    """Both directions of lines "0/0.jpeg, 0/a31041...jpeg", as paths below val2/."""
    if not path.is_file():
        return {}
    pairs = [[f'val2/{part.strip()}' for part in line.split(',')] for line in path.read_text().splitlines() if line]
    wrong = [number for number, pair in enumerate(pairs, 1) if len(pair) != 2]
    if wrong:
        raise PrepareError(f'{path}:{wrong[0]}: a line must have two names, "0/0.jpeg, 0/a31041...jpeg"')
    return {one: other for one, other in pairs} | {other: one for one, other in pairs}


def main() -> None:
    """Unpack, copy the lists under the images' names."""
    parser = make_parser(__doc__, 'imagenetv2-threshold0.7.tar.gz')
    parser.add_argument('--lists', type=Path, required=True, help='metadata/ILSVRC/val of wsolevaluation')
    parser.add_argument('--out', type=Path, default=Path('data/ILSVRC'), help='default: %(default)s')
    args = parser.parse_args()
    unpack(args.archives, args.out, RULES, args.overwrite)
    if not (args.lists / 'image_ids.txt').is_file():
        raise PrepareError(f'{args.lists / "image_ids.txt"} does not exist: --lists is metadata/ILSVRC/val')
    from list_files import copy_lists

    names = other_names(args.lists, args.out)
    if names:
        print(f'{len(names)} images carry the names of the other edition: the lists are written with those')
    target = args.out / 'metadata' / 'ILSVRC' / 'val'
    number = copy_lists(args.lists, target, 1000, 'boxes', args.overwrite, names)
    print(f'lists of {number} images in {target}')
    print(f'check it: python tools/dataset_converters/verify.py imagenetv2 {args.out}')


if __name__ == '__main__':
    run(main)
