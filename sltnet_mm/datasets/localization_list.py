"""Data sets described by clovaai/wsolevaluation's text lists: CUB, ILSVRC, OpenImages30k, and others in this format."""

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
    """Images listed in wsolevaluation's text files (Choe et al., CVPR 2020): one folder of lists per split.

    An example of the layout, for ``ann_dir='metadata/CUB', img_dir='images'``::

        my_data                             data_root
        ├── metadata/CUB                    ann_dir
        │   ├── train
        │   │   ├── image_ids.txt           lines "path", relative to img_dir
        │   │   └── class_labels.txt        lines "path,label"; labels start at 0
        │   ├── val
        │   │   ├── image_ids.txt
        │   │   ├── class_labels.txt
        │   │   └── localization.txt        lines "path,x0,y0,x1,y1" in pixels, one or more per image
        │   └── test
        │       └── ...                     as val
        └── images                          img_dir
            ├── 001.Black_footed_Albatross
            │   └── *.jpg
            └── ...

    ``img_id`` is the path in the list. ``image_sizes.txt`` is not needed. Boxes and masks are read for 'val' and 'test'
    only. With ``localization='masks'`` (OpenImages30k), ``localization.txt`` has lines "path,mask,ignore": an image may
    have several masks, whose union is the object, and one ignore region, named in its first line. A data set with boxes
    may have masks too: the same lines, in ``localization_masks.txt``.

    Use the lists in wsolevaluation's folder ``metadata/``. Those in ``release/`` are rejected: the rows of
    ``CUBV2_boxes.txt`` are x, y, width, height, but its header says otherwise. ImageNetV2's lists are rejected if they
    name images as in its other edition (numbers or hashes).

    Args:
        data_root: Folder that the other folders are relative to. Defaults to ''.
        ann_dir: Folder with one folder of lists per split, such as 'metadata/CUB'. Defaults to ''.
        img_dir: Folder that the image paths in the lists are relative to. Defaults to ''.
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        split_dirs: Names of the split folders that differ from the split's name, such as
            ``dict(train='train_weaksup')``. Defaults to None.
        num_classes: Number of classes, if ``classes`` is not given; class names are then '0', '1', ... None: all labels
            up to the highest one in the split's list; set it if a split may lack the last classes. Defaults to None.
        mask_dir: Folder that mask paths are relative to. None: ``img_dir`` with ``localization='masks'``; otherwise
            ``localization_masks.txt`` is not read. Defaults to None.
        classes: Class names in the order of the labels. Defaults to None.
        localization: Content of ``localization.txt``, 'boxes' or 'masks'. With 'masks' no sample has a box; evaluate
            with ``PixelAveragePrecision``. Defaults to 'boxes'.
        **kwargs: Other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: If a folder or list does not exist.
        ValueError: If a line cannot be parsed, a path occurs twice or has no label, a label is out of range, a box has
            no area or belongs to an unlisted image, an image of 'val' or 'test' has no box or mask, or the lists are of
            a rejected kind (see above). The message names file and line.

    Example:
        >>> import os, tempfile
        >>> lists = {'image_ids.txt': 'a.jpg', 'class_labels.txt': 'a.jpg,1', 'localization.txt': 'a.jpg,3,4,90,80'}
        >>> with tempfile.TemporaryDirectory() as root:
        ...     os.mkdir(os.path.join(root, 'test'))
        ...     for name, line in lists.items():
        ...         with open(os.path.join(root, 'test', name), 'w') as file:
        ...             _ = file.write(line)
        ...     dataset = LocalizationList(root, split='test', classes=['cat', 'dog'])
        >>> dataset.get_data_info(0)['instances']
        [{'bbox': [3.0, 4.0, 90.0, 80.0], 'bbox_label': 1, 'ignore_flag': 0}]
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
            raise ValueError(f'LocalizationList: num_classes must be an int above 0, got {num_classes!r}')
        if classes is not None and num_classes is not None and len(classes) != num_classes:
            raise ValueError(
                f'LocalizationList: classes has {len(classes)} names, but num_classes is {num_classes}. Set only one'
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
        """Class names '0', '1', ..., because the lists do not name the classes."""
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
