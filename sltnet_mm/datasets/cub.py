"""CUB-200-2011 in its own layout, and CUBV2 for validation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.text_files import Line, check_label, lookup, read_mapping
from sltnet_mm.datasets.wsol_lists import add_boxes, read_images
from sltnet_mm.registry import DATASETS


@DATASETS.register_module()
class CUBLocalization(LocalizationDataset):
    """CUB-200-2011 (Wah et al., 2011), or any data in its layout: labels for training, labels and one box for the test.

    Files below ``data_root``: ``classes.txt`` (id name), ``images.txt`` (id path below ``images/``),
    ``image_class_labels.txt`` (id class id, from 1), ``train_test_split.txt`` (id 1 for training or 0), and
    ``bounding_boxes.txt`` (id x y width height in pixels), which is opened for 'test' only. The labels count from 0.
    ``img_id`` is the id in ``images.txt`` as an int.

    The data set has no validation split of its own. 'val' is CUBV2 (Choe et al., 2020: five images a class from Flickr,
    1,000 in all), another download: ``cubv2_root/images/<class folder>/*.jpg`` and, as ``cubv2_root/lists/*.txt``, the
    lists of clovaai/wsolevaluation's folder ``metadata/CUB/val`` (``tools/dataset_converters/prepare_cub.py`` lays both
    out). Its boxes are x0, y0, x1, y1; the file ``release/CUBV2_boxes.txt`` of the same repository holds x, y, width,
    height under a header that says otherwise and is refused. ``img_id`` is then the path in the list.

    Args:
        data_root: The folder ``CUB_200_2011``.
        split: 'train' (5,994 images), 'val' (CUBV2) or 'test' (5,794).
        cubv2_root: Folder of CUBV2, relative to ``data_root`` or absolute; used for 'val' only. Defaults to 'CUBV2'.
        **kwargs: The other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: ``data_root`` or one of the files does not exist.
        ValueError: A line that does not parse, an id that occurs twice or is missing in another file, a label outside
            the classes or (CUBV2) other than the class folder's, a box without area. The message says file and line.

    Example:
        >>> CUBLocalization(data_root='', split='val', classes=['a'])
        Traceback (most recent call last):
        ...
        FileNotFoundError: CUBLocalization: split 'val' is CUBV2, but there is no folder 'CUBV2'. ...
    """

    def __init__(self, data_root: str = '', split: str = 'train', cubv2_root: str = 'CUBV2', **kwargs: Any) -> None:
        self.cubv2_root = os.path.join(data_root, cubv2_root)
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """Names of ``classes.txt`` in the order of their ids, which must be 1, 2, 3, ..."""
        lines = read_mapping(self._path('classes.txt'), ('id', 'name'), last_takes_rest=True)
        for expected, line in enumerate(lines.values(), 1):
            if line.integer(0, 'id') != expected:
                raise ValueError(f'{line.where}: class ids must be 1, 2, 3, ... in this order, got {line.fields[0]!r}')
        return [line.fields[1] for line in lines.values()]

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples of the split, in the order of ``images.txt`` or of CUBV2's list."""
        if self.split == 'val':
            return self._load_cubv2(num_classes)
        images = read_mapping(self._path('images.txt'), ('id', 'path'), last_takes_rest=True)
        labels = read_mapping(self._path('image_class_labels.txt'), ('id', 'class_id'))
        splits = read_mapping(self._path('train_test_split.txt'), ('id', 'is_training'))
        boxes = (
            None
            if self.split == 'train'
            else read_mapping(self._path('bounding_boxes.txt'), ('id', 'x', 'y', 'width', 'height'))
        )
        samples = []
        for key, image in images.items():
            flag = lookup(splits, key, image)
            if flag.fields[1] not in ('0', '1'):
                raise ValueError(f'{flag.where}: is_training must be 0 or 1, got {flag.fields[1]!r}')
            if (flag.fields[1] == '1') != (self.split == 'train'):
                continue
            line = lookup(labels, key, image)
            label = check_label(line.integer(1, 'class_id') - 1, num_classes, line.where)
            sample = dict(
                img_path=os.path.join(self.data_root, 'images', image.fields[1]),
                img_id=image.integer(0, 'id'),
                gt_label=label,
            )
            if boxes is not None:
                sample['instances'] = [dict(bbox=_corners(lookup(boxes, key, image)), bbox_label=label, ignore_flag=0)]
            samples.append(sample)
        return samples

    def _load_cubv2(self, num_classes: int) -> list[dict]:
        if not os.path.isdir(self.cubv2_root):
            raise FileNotFoundError(
                f"CUBLocalization: split 'val' is CUBV2, but there is no folder {self.cubv2_root!r}. It is another "
                'download: tools/dataset_converters/prepare_cub.py lays it out; or give cubv2_root. To do without it, '
                "validate with split='test' and choose nothing by the result"
            )
        lists = os.path.join(self.cubv2_root, 'lists')
        samples = read_images(lists, os.path.join(self.cubv2_root, 'images'), num_classes)
        add_boxes(samples, lists)
        for path, sample in samples.items():
            folder, name = path.split('/')[0], self._metainfo['classes'][sample['gt_label']]
            if folder != name:
                raise ValueError(
                    f'{os.path.join(lists, "class_labels.txt")}: image {path!r} has label {sample["gt_label"]}, which '
                    f'is {name!r} in {self._path("classes.txt")}: the lists are of another data set'
                )
        return list(samples.values())

    def _path(self, name: str) -> str:
        return os.path.join(self.data_root, name)


def _corners(line: Line) -> list[float]:
    """x1, y1, x2, y2 (ends exclusive) of a line with x, y, width, height."""
    x, y, width, height = (line.number_at(i, name) for i, name in enumerate(('x', 'y', 'width', 'height'), 1))
    if width <= 0 or height <= 0:
        raise ValueError(f'{line.where}: the box must have a width and a height above 0, got {width:g} x {height:g}')
    return [x, y, x + width, y + height]
