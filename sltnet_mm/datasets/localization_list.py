"""The text lists of clovaai/wsolevaluation: CUB, ILSVRC, OpenImages30k and whatever is written in their form."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sltnet_mm.registry import DATASETS

from .base import LocalizationDataset
from .text_files import check_label, read_lines, read_mapping


@DATASETS.register_module()
class LocalizationList(LocalizationDataset):
    """Images named by wsolevaluation's lists (Choe et al., CVPR 2020): one folder of lists for each split.

    ``ann_dir/split/image_ids.txt`` has an image's path below ``img_dir`` on each line, ``class_labels.txt`` lines
    "path,label" with labels from 0, ``localization.txt`` lines "path,x0,y0,x1,y1" (pixels; an image may have several
    lines), opened for 'val' and 'test' only, as ``localization_masks.txt`` is, lines "path,mask,ignore". Their
    ``image_sizes.txt`` is not needed: an image knows its size. ``img_id`` is the path in the list.

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
        mask_dir: Folder that the mask paths in ``localization_masks.txt`` are relative to; None: masks are not read
            (nor are they for 'train'). Only lists with one mask and no ignore region an image are understood. Defaults
            to None.
        **kwargs: The other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: A folder or list does not exist.
        ValueError: A line that does not parse, a path that occurs twice or has no label, a label outside the classes, a
            box without area or for an image that is not in the list, an image of 'val' or 'test' without a box. The
            message says file and line.

    Examples:
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
        **kwargs: Any,
    ) -> None:
        if num_classes is not None and (not isinstance(num_classes, int) or num_classes < 1):
            raise ValueError(f'LocalizationList: num_classes must be a whole number above 0, got {num_classes!r}.')
        if classes is not None and num_classes is not None and len(classes) != num_classes:
            raise ValueError(
                f'LocalizationList: classes names {len(classes)} classes, num_classes says {num_classes}; give one.'
            )
        self.lists = os.path.join(data_root, ann_dir, dict(split_dirs or {}).get(split, split))
        self.num_classes = num_classes
        self.images = os.path.join(data_root, img_dir)
        self.masks = None if mask_dir is None else os.path.join(data_root, mask_dir)
        super().__init__(data_root=data_root, split=split, classes=classes, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """'0', '1', ...: the lists do not name the classes."""
        number = self.num_classes
        if number is None:
            labels = read_lines(self._path('class_labels.txt'), ('path', 'label'), ',')
            number = 1 + max((line.integer(1, 'label') for line in labels), default=-1)
        return [str(label) for label in range(number)]

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples of the split, in the order of ``image_ids.txt``."""
        images = read_mapping(self._path('image_ids.txt'), ('path',), '\n')
        labels = read_mapping(self._path('class_labels.txt'), ('path', 'label'), ',')
        samples: dict[str, dict] = {}
        for key, image in images.items():
            if key not in labels:
                raise ValueError(f'{image.where}: {key!r} has no line in {self._path("class_labels.txt")}.')
            label = check_label(labels[key].integer(1, 'label'), num_classes, labels[key].where)
            samples[key] = dict(img_path=os.path.join(self.images, key), img_id=key, gt_label=label)
        if self.split != 'train':
            self._add_boxes(samples)
            self._add_masks(samples)
            for key, image in images.items():
                if 'instances' not in samples[key]:
                    raise ValueError(
                        f'{image.where}: {key!r} of split {self.split!r} has no box in '
                        f'{self._path("localization.txt")}.'
                    )
        return list(samples.values())

    def _add_boxes(self, samples: dict[str, dict]) -> None:
        for line in read_lines(self._path('localization.txt'), ('path', 'x0', 'y0', 'x1', 'y1'), ','):
            sample = samples.get(line.fields[0])
            if sample is None:
                raise ValueError(
                    f'{line.where}: a box for {line.fields[0]!r}, which {self._path("image_ids.txt")} does not list.'
                )
            sample.setdefault('instances', []).append(
                dict(bbox=line.box(1), bbox_label=sample['gt_label'], ignore_flag=0)
            )

    def _add_masks(self, samples: dict[str, dict]) -> None:
        if self.masks is None:
            return
        for key, line in read_mapping(self._path('localization_masks.txt'), ('path', 'mask', 'ignore'), ',').items():
            if line.fields[2]:
                raise ValueError(
                    f'{line.where}: an ignore region ({line.fields[2]!r}) cannot be read; evaluate such masks with '
                    'sltnet_mm.evaluation.evaluate_masks.'
                )
            if key in samples:
                samples[key]['mask_path'] = os.path.join(self.masks, line.fields[1])

    def _path(self, name: str) -> str:
        return os.path.join(self.lists, name)
