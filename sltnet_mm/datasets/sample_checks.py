"""What every sample of a localization data set must fulfill."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sltnet_mm.datasets.sample_table import SampleTable

_TRUTH = {'instances', 'mask_path', 'ignore_mask_path'}


def check_samples(samples: Iterable[dict], split: str, num_classes: int, where: str) -> None:
    """Check samples as ``LocalizationDataset`` describes them.

    Args:
        samples: Dicts.
        split: 'train', 'val' or 'test'.
        num_classes: Labels must be below it.
        where: Names the data set in messages.

    Raises:
        ValueError: A label outside the classes, an id that occurs twice, a training sample with a box or mask, another
            one with neither. The message names the image.

    Example:
        >>> check_samples([dict(img_id='a', gt_label=2)], 'train', num_classes=2, where='birds')
        Traceback (most recent call last):
        ...
        ValueError: birds: image 'a' has label 2, outside the 2 classes (0 to 1).
    """
    seen = set()
    for sample in samples:
        name, label = sample['img_id'], sample['gt_label']
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{where}: image {name!r} has label {label}, outside the {num_classes} classes (0 to {num_classes - 1})'
            )
        if split == 'train' and _TRUTH & set(sample):
            raise ValueError(f'{where}: training sample {name!r} carries a box or mask; training sees labels only')
        if split != 'train' and not _can_be_evaluated(sample):
            raise ValueError(
                f'{where}: image {name!r} of split {split!r} has no box; localization cannot be evaluated on it. Add '
                'its box or remove the image from the split'
            )
        if name in seen:
            raise ValueError(f'{where}: image id {name!r} occurs twice in split {split!r}; ids must be unique')
        seen.add(name)


def check_table(table: SampleTable, split: str, num_classes: int, where: str) -> None:
    """:func:`check_samples` for a table, at the speed of arrays.

    Whether samples carry boxes is the same for all of a table, and its names are distinct by contract: it is enough to
    look at the samples with the lowest and highest label and with the fewest boxes.
    """
    suspects = {0, int(table.labels.argmin()), int(table.labels.argmax())}
    if table.box_ends is not None:
        suspects.add(int(np.diff(table.box_ends, prepend=0).argmin()))
    check_samples([table[index] for index in sorted(suspects)], split, num_classes, where)


def _can_be_evaluated(sample: dict) -> bool:
    boxes = [instance for instance in sample.get('instances', ()) if not instance.get('ignore_flag', 0)]
    return bool(boxes or sample.get('mask_path'))
