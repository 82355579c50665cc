"""Checks on the samples of a localization data set."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sltnet_mm.datasets.sample_table import SampleTable

_TRUTH = {'instances', 'mask_path', 'ignore_mask_path'}


def check_samples(samples: Iterable[dict], split: str, num_classes: int, where: str) -> None:
    """Check that samples are as ``LocalizationDataset`` specifies.

    Args:
        samples: The samples, as dicts.
        split: 'train', 'val' or 'test'.
        num_classes: Number of classes; labels must be below it.
        where: Name of the data set, for messages.

    Raises:
        ValueError: If a label is out of range, an id occurs twice, a training sample has a box or mask, or a sample of
            'val' or 'test' has neither. The message names the image.

    Example:
        >>> check_samples([dict(img_id='a', gt_label=2)], 'train', num_classes=2, where='birds')
        Traceback (most recent call last):
        ...
        ValueError: birds: image 'a' has label 2, but the 2 classes have labels 0 to 1
    """
    seen = set()
    for sample in samples:
        name, label = sample['img_id'], sample['gt_label']
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{where}: image {name!r} has label {label}, but the {num_classes} classes have labels 0 to '
                f'{num_classes - 1}'
            )
        if split == 'train' and _TRUTH & set(sample):
            raise ValueError(
                f'{where}: training sample {name!r} has a box or mask, but training must see labels only. Remove it in '
                'load_samples'
            )
        if split != 'train' and not _can_be_evaluated(sample):
            raise ValueError(
                f'{where}: image {name!r} of split {split!r} has no box, so localization cannot be evaluated. Add its '
                'box or remove the image from the split'
            )
        if name in seen:
            raise ValueError(f'{where}: image ids must be unique, but {name!r} occurs twice in split {split!r}')
        seen.add(name)


def check_table(table: SampleTable, split: str, num_classes: int, where: str) -> None:
    """Check a table as :func:`check_samples` does, but fast.

    Either all samples of a table have boxes or none has, and its names are unique by contract. So it is enough to check
    the samples with the lowest and highest label and with the fewest boxes.
    """
    suspects = {0, int(table.labels.argmin()), int(table.labels.argmax())}
    if table.box_ends is not None:
        suspects.add(int(np.diff(table.box_ends, prepend=0).argmin()))
    check_samples([table[index] for index in sorted(suspects)], split, num_classes, where)


def check_inside(sample: dict, size: tuple[int, int]) -> None:
    """Raise if a box of a sample has no pixel in the image of this (width, height).

    Example:
        >>> check_inside(dict(img_path='a.jpg', instances=[dict(bbox=[50, 2, 60, 8])]), (40, 30))
        Traceback (most recent call last):
        ...
        ValueError: Image 'a.jpg': the box [50, 2, 60, 8] lies outside the image of width 40 and height 30...
    """
    width, height = size
    for instance in sample['instances']:
        x1, y1, x2, y2 = instance['bbox']
        if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
            raise ValueError(
                f'Image {sample["img_path"]!r}: the box {instance["bbox"]} lies outside the image of width {width} and '
                f'height {height}. Boxes are x1, y1, x2, y2 in pixels of the original image; correct or remove it'
            )


def _can_be_evaluated(sample: dict) -> bool:
    boxes = [instance for instance in sample.get('instances', ()) if not instance.get('ignore_flag', 0)]
    return bool(boxes or sample.get('mask_path'))
