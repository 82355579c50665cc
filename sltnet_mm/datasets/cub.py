"""CUB-200-2011 in its original layout, with CUBV2 for validation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.text_files import Line, check_label, lookup, path_below, read_mapping
from sltnet_mm.datasets.wsol_lists import add_boxes, read_images
from sltnet_mm.registry import DATASETS


@DATASETS.register_module()
class CUBLocalization(LocalizationDataset):
    """CUB-200-2011 (Wah et al., 2011), or any data set in its layout: labels for training, labels and boxes for test.

    ``tools/dataset_converters/prepare_cub.py`` creates this layout::

        CUB_200_2011                        data_root
        ├── classes.txt                     <class id> <class name>
        ├── images.txt                      <image id> <path in images/>
        ├── image_class_labels.txt          <image id> <class id>; class ids start at 1, labels at 0
        ├── train_test_split.txt            <image id> <1 for training, 0 for test>
        ├── bounding_boxes.txt              <image id> <x> <y> <width> <height>; read for 'test' only
        ├── images
        │   ├── 001.Black_footed_Albatross
        │   │   └── *.jpg
        │   └── ...
        └── CUBV2                           cubv2_root; needed for 'val' only
            ├── images
            │   ├── 001.Black_footed_Albatross
            │   │   └── *.jpg
            │   └── ...
            └── lists
                └── {image_ids,class_labels,image_sizes,localization}.txt

    ``img_id`` is the image id as an int. CUB has no validation split, so 'val' is CUBV2 (Choe et al., 2020), a separate
    download with five Flickr images per class, 1,000 in total. Its lists are those in clovaai/wsolevaluation's folder
    ``metadata/CUB/val``, with boxes as x0, y0, x1, y1; there ``img_id`` is the path in the list. The file
    ``release/CUBV2_boxes.txt`` of the same repository is rejected: its rows are x, y, width, height, but its header
    says otherwise.

    Args:
        data_root: The folder ``CUB_200_2011``. Defaults to ''.
        split: 'train' (5,994 images), 'val' (CUBV2, 1,000) or 'test' (5,794). Defaults to 'train'.
        cubv2_root: Folder of CUBV2, relative to ``data_root`` or absolute. Defaults to 'CUBV2'.
        **kwargs: Other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: If ``data_root`` or one of the files does not exist.
        ValueError: If a line cannot be parsed, an id occurs twice or is missing in another file, a label is out of
            range or (CUBV2) differs from the class folder, or a box has no area. The message names file and line.

    Example:
        >>> import os, tempfile
        >>> files = {'classes.txt': '1 001.Albatross', 'images.txt': '1 001.Albatross/a.jpg',
        ...          'image_class_labels.txt': '1 1', 'train_test_split.txt': '1 0',
        ...          'bounding_boxes.txt': '1 60.0 27.0 325.0 304.0'}
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name, line in files.items():
        ...         with open(os.path.join(root, name), 'w') as file:
        ...             _ = file.write(line)
        ...     dataset = CUBLocalization(root, split='test')
        >>> dataset.get_data_info(0)['instances']
        [{'bbox': [60.0, 27.0, 385.0, 331.0], 'bbox_label': 0, 'ignore_flag': 0}]
    """

    def __init__(self, data_root: str = '', split: str = 'train', cubv2_root: str = 'CUBV2', **kwargs: Any) -> None:
        self.cubv2_root = os.path.join(data_root, cubv2_root)
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """Class names from ``classes.txt``, whose ids must be 1, 2, 3, ... in this order."""
        lines = read_mapping(self._path('classes.txt'), ('id', 'name'), last_takes_rest=True)
        for expected, line in enumerate(lines.values(), 1):
            if line.integer(0, 'id') != expected:
                raise ValueError(f'{line.where}: class ids must be 1, 2, 3, ... in this order, got {line.fields[0]!r}')
        return [line.fields[1] for line in lines.values()]

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples of the split, in the order of ``images.txt`` or of CUBV2's ``image_ids.txt``."""
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
                img_path=path_below(self._path('images'), image.fields[1], image.where),
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
                f"CUBLocalization: split 'val' is CUBV2, but the folder {self.cubv2_root!r} does not exist. CUBV2 is a "
                'separate download; set cubv2_root, or let tools/dataset_converters/prepare_cub.py create the folder. '
                "Without CUBV2, validate with split='test' and do not tune anything on the result"
            )
        lists = os.path.join(self.cubv2_root, 'lists')
        samples = read_images(lists, os.path.join(self.cubv2_root, 'images'), num_classes)
        add_boxes(samples, lists)
        for path, sample in samples.items():
            folder, name = path.split('/')[0], self._metainfo['classes'][sample['gt_label']]
            if folder != name:
                raise ValueError(
                    f'{os.path.join(lists, "class_labels.txt")}: image {path!r} has label {sample["gt_label"]}, which '
                    f'is {name!r} in {self._path("classes.txt")}. The lists belong to another data set'
                )
        return list(samples.values())

    def _path(self, name: str) -> str:
        return os.path.join(self.data_root, name)


def _corners(line: Line) -> list[float]:
    """The box of a line with x, y, width, height as x1, y1, x2, y2 with exclusive ends."""
    x, y, width, height = (line.number_at(i, name) for i, name in enumerate(('x', 'y', 'width', 'height'), 1))
    if width <= 0 or height <= 0:
        raise ValueError(f'{line.where}: box width and height must be above 0, got {width:g} x {height:g}')
    return [x, y, x + width, y + height]
