#!/usr/bin/env python
r"""Unpack ImageNetV2 (threshold 0.7), the validation split for ILSVRC, as imagenetv2_localization.py expects it.

    python tools/dataset_converters/prepare_imagenetv2.py imagenetv2-threshold0.7.tar.gz \
        --lists wsolevaluation/metadata/ILSVRC/val

The output is OUT/val2/<label>/*.jpeg and OUT/metadata/ILSVRC/val/*.txt. ImageNetV2 and its lists were published twice,
first with numbered images (0/0.jpeg), later with images named by hashes (0/a31041...jpeg). If images and lists are of
different editions, the paths in the lists are replaced, by the file mapping.txt that comes with the current lists.
"""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, make_parser, run, unpack

RULES = ((r'(?:.*/)?(\d{1,3})/([^/]+\.jpe?g)', r'val2/\1/\2'),)


def other_names(lists: Path, out: Path) -> dict[str, str]:
    """Listed path -> path on disk, for all images that exist only under the name of the other edition.

    Raises:
        PrepareError: If a listed image exists under neither name.
    """
    listed = [line.strip() for line in (lists / 'image_ids.txt').read_text().splitlines() if line.strip()]
    absent = [path for path in listed if not (out / path).is_file()]
    if not absent:
        return {}
    mapping = _read_mapping(lists / 'mapping.txt')
    names = {path: mapping.get(path, path) for path in absent}
    missing = [path for path, other in names.items() if not (out / other).is_file()]
    if missing:
        hint = 'Unpack the images again' if mapping else 'Use the current lists, which have a mapping.txt'
        raise PrepareError(
            f'{len(missing)} of the {len(listed)} images in {lists / "image_ids.txt"} are not in {out}, first: '
            f'{missing[0]}. {hint}'
        )
    return names


def _read_mapping(path: Path) -> dict[str, str]:
    """The lines "0/0.jpeg, 0/a31041...jpeg" as a mapping in both directions, with paths in val2/."""
    if not path.is_file():
        return {}
    pairs = [[f'val2/{part.strip()}' for part in line.split(',')] for line in path.read_text().splitlines() if line]
    wrong = [number for number, pair in enumerate(pairs, 1) if len(pair) != 2]
    if wrong:
        raise PrepareError(f'{path}:{wrong[0]}: a line must have two names, as in "0/0.jpeg, 0/a31041...jpeg"')
    return {one: other for one, other in pairs} | {other: one for one, other in pairs}


def main() -> None:
    """Unpack the archive and copy the lists, with the names of the images on disk."""
    parser = make_parser(__doc__, 'imagenetv2-threshold0.7.tar.gz')
    parser.add_argument('--lists', type=Path, required=True, help='metadata/ILSVRC/val of wsolevaluation')
    parser.add_argument('--out', type=Path, default=Path('data/ILSVRC'), help='default: %(default)s')
    args = parser.parse_args()
    unpack(args.archives, args.out, RULES, args.overwrite)
    if not (args.lists / 'image_ids.txt').is_file():
        raise PrepareError(
            f'--lists must be the folder metadata/ILSVRC/val of wsolevaluation, but {args.lists} has no image_ids.txt'
        )
    from list_files import copy_lists

    names = other_names(args.lists, args.out)
    if names:
        print(f'{len(names)} images are named as in the other edition; the lists are written with these names')
    target = args.out / 'metadata' / 'ILSVRC' / 'val'
    number = copy_lists(args.lists, target, 1000, 'boxes', args.overwrite, names)
    print(f'{target}: lists of {number} images')
    print(f'to check the data set, run: python tools/dataset_converters/verify.py imagenetv2 {args.out}')


if __name__ == '__main__':
    run(main)
