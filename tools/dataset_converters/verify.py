#!/usr/bin/env python
"""Check a data set on disk: python tools/dataset_converters/verify.py cub data/CUB_200_2011.

Reads every split as training and test do, compares the numbers of images, classes and boxes with the published ones,
looks whether every listed image is there, and opens a sample of images (and masks). Says what is missing or wrong
first, in one line each; exit code 1 where there is anything. A NOTE is no fault: it says which images carry an EXIF
orientation and whether they are loaded turned; whether their boxes are meant so is worth a look (browse_dataset.py).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sltnet_mm.datasets import BadImageError, CUBLocalization, ILSVRCLocalization, LocalizationDataset, LocalizationList
from sltnet_mm.datasets.image_files import check_image
from sltnet_mm.datasets.orientation import image_size, orientation_of
from sltnet_mm.datasets.progress import with_progress


class Split(NamedTuple):
    """How a split is read and what is published of it: images, classes, boxes (None: not published or masks)."""

    name: str
    read: Callable[[str], LocalizationDataset]
    images: int
    classes: int
    boxes: int | None = None


def _cub(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: CUBLocalization(root, split)


def _ilsvrc(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: ILSVRCLocalization(root, split)


def _openimages(split: str) -> Callable[[str], LocalizationDataset]:
    return lambda root: LocalizationList(
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
_STAT_AT_MOST = 100_000  # images whose presence is looked up one by one; the larger lists are listings of the disk
_LISTED = 5  # problems of one kind that are named


class Report(NamedTuple):
    """What a split holds, in a line; its problems, the missing before the wrong; what else the user should know."""

    text: str
    problems: list[str]
    notes: list[str]


def check_split(root: str, split: Split, sample: int, any_size: bool, seed: int = 0) -> Report:
    """Read and check one split.

    Args:
        root: The data set's folder.
        split: How to read it and what to expect.
        sample: How many images are opened, drawn at random.
        any_size: Accept other numbers than the published ones.
        seed: Of the drawing.
    """
    try:
        dataset = split.read(root)
    except (FileNotFoundError, ValueError) as error:
        return Report(f'{split.name}: cannot be read', [f'{split.name}: {error}'], [])
    number, classes = len(dataset), len(dataset.metainfo['classes'])
    infos = (dataset.get_data_info(index) for index in range(number))
    labels, boxes, missing, turned = set(), 0, [], []
    for info in with_progress(infos, number, least=10_000):
        labels.add(info['gt_label'])
        boxes += sum(not instance['ignore_flag'] for instance in info.get('instances', ()))
        if number <= _STAT_AT_MOST:
            missing += [path for path in _files(info) if not os.path.isfile(path)]
            if split.name != 'train' and _is_turned(info['img_path']):
                turned.append(info['img_path'])
    text = f'{split.name}: {number} images, {len(labels)} of {classes} classes, {boxes} boxes'
    problems = _numbers(split, number, len(labels), boxes) if not any_size else []
    if missing:
        problems.append(f'{split.name}: {len(missing)} files are missing: {_some(missing)}')
    chosen = sorted(random.Random(seed).sample(range(number), min(sample, number)))
    wrong = []
    for index in with_progress(chosen, len(chosen), least=1000):
        info = dataset.get_data_info(index)
        if all(os.path.isfile(path) for path in _files(info)):
            wrong += [f'{split.name}: {problem}' for problem in _look_into(info, dataset.exif_rotated)]
    if len(wrong) > _LISTED:
        wrong[_LISTED:] = [f'{split.name}: and {len(wrong) - _LISTED} more wrong files among {len(chosen)} opened']
    how = 'loaded turned by it' if dataset.exif_rotated else 'loaded as they are stored'
    notes = [f'{split.name}: {len(turned)} images carry an EXIF orientation, {how}: {_some(turned)}'] if turned else []
    return Report(f'{text}, {len(chosen)} images opened', problems + wrong, notes)


def _numbers(split: Split, images: int, classes: int, boxes: int) -> list[str]:
    pairs = (('images', images, split.images), ('classes', classes, split.classes), ('boxes', boxes, split.boxes))
    return [
        f'{split.name}: {found} {what} in place of {published}'
        for what, found, published in pairs
        if published is not None and found != published
    ]


def _files(info: dict) -> Iterator[str]:
    yield info['img_path']
    masks = info.get('mask_path', ())
    yield from (masks,) if isinstance(masks, str) else masks
    if 'ignore_mask_path' in info:
        yield info['ignore_mask_path']


def _look_into(info: dict, turned: bool) -> Iterator[str]:
    """Problems of one image that is there: undecodable files, boxes out of the image."""
    try:
        for path in _files(info):
            check_image(path)
    except BadImageError as error:
        yield str(error).split(' Restore the file')[0]
        return
    width, height = image_size(info['img_path'], turned)
    for instance in info.get('instances', ()):
        x1, y1, x2, y2 = instance['bbox']
        if min(x1, y1) < -1 or x2 > width + 1 or y2 > height + 1:  # a pixel: some files count from 1
            yield f'{info["img_path"]}: the box {instance["bbox"]} reaches out of the image of {width} x {height}'


def _is_turned(path: str) -> bool:
    """Whether a readable image carries an EXIF orientation other than upright; only its header is read."""
    try:
        return orientation_of(path) != 1
    except (OSError, SyntaxError, ValueError):
        return False  # missing or damaged: said elsewhere


def _some(paths: list[str]) -> str:
    return ', '.join(paths[:_LISTED]) + (' ...' if len(paths) > _LISTED else '')


def main() -> None:
    """Check, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dataset', choices=sorted(DATASETS))
    parser.add_argument('root', help='its folder, such as data/CUB_200_2011; for cubv2 and imagenetv2 the main one')
    parser.add_argument('--sample', type=int, default=200, help='images opened a split (default: %(default)s)')
    parser.add_argument('--any-size', action='store_true', help='a part of the data set: do not compare numbers')
    parser.add_argument('--splits', nargs='+', help='only these')
    args = parser.parse_args()
    splits = [split for split in DATASETS[args.dataset] if not args.splits or split.name in args.splits]
    if not splits:
        parser.error(f'{args.dataset} has the splits {[split.name for split in DATASETS[args.dataset]]}')
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
