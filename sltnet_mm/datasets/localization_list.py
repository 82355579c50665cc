"""Data sets described by clovaai/wsolevaluation's text lists: CUB, ILSVRC, OpenImages30k, and others in their form."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.text_files import read_lines
from sltnet_mm.datasets.wsol_lists import add_boxes, add_masks, read_images
from sltnet_mm.registry import DATASETS


@DATASETS.register_module()
class LocalizationList(LocalizationDataset):
    """Images named by wsolevaluation's lists (Choe et al., CVPR 2020): one folder of lists for each split.

    ``ann_dir/split/image_ids.txt`` has an image's path below ``img_dir`` on each line, ``class_labels.txt`` lines
    "path,label" with labels from 0. What is opened for 'val' and 'test' only: ``localization.txt`` with lines
    "path,x0,y0,x1,y1" (pixels; an image may have several lines) or, for OpenImages30k, "path,mask,ignore" (several
    masks are united; an ignore region stands in an image's first line); beside boxes, ``localization_masks.txt`` with
    lines of the second form. ``image_sizes.txt`` is not needed: an image knows its size. ``img_id`` is the path in the
    list.

    Take the lists of wsolevaluation's folder ``metadata/``. Those in ``release/`` are refused: the rows of
    ``CUBV2_boxes.txt`` are x, y, width, height under a header that says otherwise. Refused too are ImageNetV2's lists
    with images named as in its other edition (numbers or hashes).

    Args:
        data_root: Folder that the other folders are relative to. Defaults to ''.
        ann_dir: Folder with the split folders, such as 'metadata/CUB'. Defaults to ''.
        img_dir: Folder that the image paths in the lists are relative to, such as 'dataset/CUB'. Defaults to ''.
        split: 'train', 'val' or 'test'.
        split_dirs: Folder below ``ann_dir`` for a split, where it is not named as the split is, such as
            ``dict(train='train_weaksup')``. Defaults to None.
        num_classes: Number of classes where ``classes`` does not name them; they are then called by their label. None:
            all labels from 0 to the highest one in the list of the split; give it where a split may lack the last
            classes.
        localization: What ``localization.txt`` holds, 'boxes' or 'masks'. With 'masks' no sample has a box: evaluate
            with ``PixelAveragePrecision``. Defaults to 'boxes'.
        mask_dir: Folder that the mask paths are relative to. None: with ``localization='masks'`` they lie below
            ``img_dir``, else ``localization_masks.txt`` is not read. Defaults to None.
        **kwargs: The other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: A folder or list does not exist.
        ValueError: A line that does not parse, a path that occurs twice or has no label, a label outside the classes, a
            box without area or for an image that is not in the list, an image of 'val' or 'test' without a box or mask,
            lists of another kind or edition (above). The message says file and line.

    Example:
        >>> LocalizationList(ann_dir='nowhere', split='test')
        Traceback (most recent call last):
        ...
        FileNotFoundError: Annotation file 'nowhere/test/class_labels.txt' is missing (not even the folder
            'nowhere/test' exists). ...
    """

    def __init__(
        self,
        data_root: str = '',
        ann_dir: str = '',
        img_dir: str = '',
        split: str = 'train',
        split_dirs: Mapping[str, str] | None = None,
        num_classes: int | None = None,
        mask_dir: str | None = None,
        classes: Sequence[str] | None = None,
        localization: str = 'boxes',
        **kwargs: Any,
    ) -> None:
        if num_classes is not None and (not isinstance(num_classes, int) or num_classes < 1):
            raise ValueError(f'LocalizationList: num_classes must be a whole number above 0, got {num_classes!r}')
        if classes is not None and num_classes is not None and len(classes) != num_classes:
            raise ValueError(
                f'LocalizationList: classes names {len(classes)} classes, num_classes says {num_classes}; give one'
            )
        if localization not in ('boxes', 'masks'):
            raise ValueError(f"LocalizationList: localization must be 'boxes' or 'masks', got {localization!r}")
        self.lists = os.path.join(data_root, ann_dir, dict(split_dirs or {}).get(split, split))
        self.num_classes = num_classes
        self.localization = localization
        self.images = os.path.join(data_root, img_dir)
        if mask_dir is None and localization == 'masks':
            mask_dir = img_dir
        self.masks = None if mask_dir is None else os.path.join(data_root, mask_dir)
        super().__init__(data_root=data_root, split=split, classes=classes, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """'0', '1', ...: the lists do not name the classes."""
        number = self.num_classes
        if number is None:
            labels = read_lines(os.path.join(self.lists, 'class_labels.txt'), ('path', 'label'), ',')
            number = 1 + max((line.integer(1, 'label') for line in labels), default=-1)
        return [str(label) for label in range(number)]

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples of the split, in the order of ``image_ids.txt``."""
        samples = read_images(self.lists, self.images, num_classes)
        if self.split != 'train':
            if self.localization == 'boxes':
                add_boxes(samples, self.lists)
            if self.masks is not None:
                name = 'localization.txt' if self.localization == 'masks' else 'localization_masks.txt'
                add_masks(samples, self.lists, self.masks, name)
        return list(samples.values())
