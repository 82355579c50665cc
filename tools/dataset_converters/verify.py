#!/usr/bin/env python
"""Check a data set on disk: python tools/dataset_converters/verify.py cub data/CUB_200_2011.

Reads every split as training and test do, compares the numbers of images, classes and boxes with the published numbers,
checks that every listed image exists, and opens a random sample of images (and masks). Problems come first, one per
line; with any problem the exit code is 1. A NOTE is not a problem: it lists images with an EXIF orientation and whether
loading rotates them. Use browse_dataset.py to see whether their boxes fit.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sltnet_mm.progress import track

if TYPE_CHECKING:
    from sltnet_mm.datasets import LocalizationDataset


class Split(NamedTuple):
    """How a split is read, and its published numbers of images, classes and boxes (None: unpublished, or masks)."""

    name: str
    read: Callable[[str], LocalizationDataset]
    images: int
    classes: int
    boxes: int | None = None


def _datasets() -> Any:
    from sltnet_mm import datasets  # imports torch, which --help must not wait for

    return datasets


def _cub(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: _datasets().CUBLocalization(root, split)


def _ilsvrc(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: _datasets().ILSVRCLocalization(root, split)


def _openimages(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: _datasets().LocalizationList(
        root, 'metadata/OpenImages', split=split, localization='masks', num_classes=100
    )


# CUB-200-2011: Wah et al., 2011; ILSVRC2012: Russakovsky et al., 2015; the others: Choe et al., CVPR 2020, and the
# lists of clovaai/wsolevaluation.
DATASETS = {
    'cub': (Split('train', _cub('train'), 5994, 200), Split('test', _cub('test'), 5794, 200, 5794)),
    'cubv2': (Split('val', _cub('val'), 1000, 200, 1000),),
    'ilsvrc': (Split('train', _ilsvrc('train'), 1281167, 1000), Split('test', _ilsvrc('test'), 50000, 1000)),
    'imagenetv2': (Split('val', _ilsvrc('val'), 10000, 1000, 18532),),
    'openimages': (
        Split('train', _openimages('train'), 29819, 100),
        Split('val', _openimages('val'), 2500, 100),
        Split('test', _openimages('test'), 5000, 100),
    ),
}
_STAT_AT_MOST = 100_000  # splits with more images are made from folder listings, so their files need no check
_LISTED = 5  # examples named per kind of problem


class Report(NamedTuple):
    """The report on a split: a one-line summary, the problems (missing files first), and notes."""

    text: str
    problems: list[str]
    notes: list[str]


def check_split(root: str, split: Split, sample: int, any_size: bool, seed: int = 0) -> Report:
    """Read and check one split.

    Args:
        root: Folder of the data set.
        split: How to read the split, and its published numbers.
        sample: Number of random images to open.
        any_size: Accept numbers that differ from the published ones.
        seed: Seed for choosing the images. Defaults to 0.
    """
    try:
        dataset = split.read(root)
    except (FileNotFoundError, ValueError) as error:
        return Report(f'{split.name}: cannot be read', [f'{split.name}: {error}'], [])
    number, classes = len(dataset), len(dataset.metainfo['classes'])
    infos = (dataset.get_data_info(index) for index in range(number))
    labels, boxes, missing, rotated = set(), 0, [], []
    for info in track(infos, split.name, number, least=10_000):
        labels.add(info['gt_label'])
        boxes += sum(not instance['ignore_flag'] for instance in info.get('instances', ()))
        if number <= _STAT_AT_MOST:
            missing += [path for path in _files(info) if not os.path.isfile(path)]
            if split.name != 'train' and _has_orientation(info['img_path']):
                rotated.append(info['img_path'])
    text = f'{split.name}: {number} images, {len(labels)} of {classes} classes, {boxes} boxes'
    problems = _numbers(split, number, len(labels), boxes) if not any_size else []
    if missing:
        problems.append(f'{split.name}: {len(missing)} files are missing: {_some(missing)}')
    chosen = sorted(random.Random(seed).sample(range(number), min(sample, number)))
    wrong = []
    for index in track(chosen, f'{split.name}, opening images', least=1000):
        info = dataset.get_data_info(index)
        if all(os.path.isfile(path) for path in _files(info)):
            wrong += [f'{split.name}: {problem}' for problem in _look_into(info, dataset.exif_rotated)]
    if len(wrong) > _LISTED:
        wrong[_LISTED:] = [f'{split.name}: and {len(wrong) - _LISTED} more problems in the {len(chosen)} opened images']
    notes = []
    if rotated:
        how = 'rotated when loaded' if dataset.exif_rotated else 'loaded as stored'
        notes.append(f'{split.name}: {len(rotated)} images have an EXIF orientation, {how}: {_some(rotated)}')
    return Report(f'{text}, {len(chosen)} images opened', problems + wrong, notes)


def _numbers(split: Split, images: int, classes: int, boxes: int) -> list[str]:
    pairs = (('images', images, split.images), ('classes', classes, split.classes), ('boxes', boxes, split.boxes))
    return [
        f'{split.name}: {found} {what} instead of {published}'
        for what, found, published in pairs
        if published is not None and found != published
    ]


def _files(info: dict) -> Iterator[str]:
    yield info['img_path']
    masks = info.get('mask_path', ())
    yield from (masks,) if isinstance(masks, str) else masks
    if 'ignore_mask_path' in info:
        yield info['ignore_mask_path']


def _look_into(info: dict, rotated: bool) -> Iterator[str]:
    """Problems of one existing image: undecodable files, boxes beyond the image."""
    from sltnet_mm.datasets.image_files import BadImageError, check_image
    from sltnet_mm.datasets.orientation import image_size

    try:
        for path in _files(info):
            check_image(path)
    except BadImageError as error:
        yield str(error).split(' Restore the file')[0]
        return
    width, height = image_size(info['img_path'], rotated)
    for instance in info.get('instances', ()):
        x1, y1, x2, y2 = instance['bbox']
        if min(x1, y1) < -1 or x2 > width + 1 or y2 > height + 1:  # one pixel of slack: some files count from 1
            yield f'{info["img_path"]}: the box {instance["bbox"]} extends beyond the image of {width} x {height}'


def _has_orientation(path: str) -> bool:
    """Whether a readable image has an EXIF orientation other than upright; only its header is read."""
    from sltnet_mm.datasets.orientation import orientation_of

    try:
        return orientation_of(path) != 1
    except (OSError, SyntaxError, ValueError):
        return False  # missing or damaged, which is reported elsewhere


def _some(paths: list[str]) -> str:
    return ', '.join(paths[:_LISTED]) + (' ...' if len(paths) > _LISTED else '')


def main() -> None:
    """Check the splits and print the reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dataset', choices=sorted(DATASETS))
    parser.add_argument('root', help='folder, such as data/CUB_200_2011 (cub, cubv2), data/ILSVRC (ilsvrc, imagenetv2)')
    parser.add_argument('--sample', type=int, default=200, help='images to open per split (default: %(default)s)')
    parser.add_argument('--any-size', action='store_true', help='do not compare the numbers, for partial data sets')
    parser.add_argument('--splits', nargs='+', help='splits to check (default: all)')
    args = parser.parse_args()
    splits = [split for split in DATASETS[args.dataset] if not args.splits or split.name in args.splits]
    if not splits:
        known = [split.name for split in DATASETS[args.dataset]]
        parser.error(f'--splits must be among {known} for {args.dataset}, got {args.splits}')
    reports = [check_split(args.root, split, args.sample, args.any_size) for split in splits]
    for report in reports:
        for problem in report.problems:
            print(f'WRONG  {problem}')
    for report in reports:
        for note in report.notes:
            print(f'NOTE   {note}')
        print(f'{"      " if report.problems else "good  "} {args.dataset} {report.text}')
    sys.exit(1 if any(report.problems for report in reports) else 0)


if __name__ == '__main__':
    main()
