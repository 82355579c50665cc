"""One's own images: any folder and one CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.text_files import Line, check_label, require_file
from sltnet_mm.registry import DATASETS

_BOX = ('x1', 'y1', 'x2', 'y2')


@DATASETS.register_module()
class LocalizationCSV(LocalizationDataset):
    r"""A folder of images and a CSV file with the columns ``image,label[,x1,y1,x2,y2][,split]``, in any order, other
    columns ignored.

    ``image`` is a path below ``data_root`` and becomes ``img_id``; ``label`` is the name of the class; x1 to y2 are
    pixels of the image as OpenCV loads it (EXIF rotation applied), ends exclusive. Several rows for an image are
    several boxes. A column ``split`` lets one file hold all splits: rows of other splits are left alone. Without it,
    every row belongs to the split asked for: give one file for each. For 'train' the box columns are not read, whatever
    stands in them.

    Args:
        data_root: Folder that the images lie below.
        ann_file: The CSV file (UTF-8, with a header line), relative to ``data_root`` or absolute.
        split: 'train', 'val' or 'test'.
        classes: Names in the order of the labels. None: the distinct names of the **whole** file, all splits, sorted as
            text; with one file for each split give them, so that a class missing in one of them does not shift the
            labels.
        **kwargs: The other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: ``data_root`` or the file does not exist.
        ValueError: A missing column, a row with too few or too many fields, a number that does not parse, a box without
            area, an image with two labels, a label that is not among ``classes``, an unknown split, an image of 'val'
            or 'test' without a box. The message says file and line.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     with open(os.path.join(root, 'all.csv'), 'w') as file:
        ...         _ = file.write('image,label,split,x1,y1,x2,y2\na.jpg,cat,train,,,,\nb.jpg,dog,test,3,4,9,8\n')
        ...     dataset = LocalizationCSV(root, 'all.csv', split='test')
        >>> dataset.metainfo['classes'], dataset.get_data_info(0)['instances']
        (('cat', 'dog'), [{'bbox': [3.0, 4.0, 9.0, 8.0], 'bbox_label': 1, 'ignore_flag': 0}])
    """

    def __init__(
        self,
        data_root: str = '',
        ann_file: str = 'annotations.csv',
        split: str = 'train',
        classes: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.csv_file = os.path.join(data_root, ann_file)
        super().__init__(data_root=data_root, split=split, classes=classes, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """The distinct labels of the whole file, sorted as text."""
        return sorted({row['label'] for _, row in self._rows(('image', 'label'))})

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples of the split, in the order of their first rows."""
        number = {name: label for label, name in enumerate(self._metainfo['classes'])}
        evaluated = self.split != 'train'
        samples: dict[str, dict] = {}
        for number_of_line, row in self._rows(('image', 'label') + (_BOX if evaluated else ())):
            line = Line(self.csv_file, number_of_line, tuple(row[name] for name in _BOX) if evaluated else ())
            if row.get('split', self.split) != self.split:
                continue
            if row['label'] not in number:
                raise ValueError(
                    f'{line.where}: label {row["label"]!r} is not among the {num_classes} classes {tuple(number)[:10]}'
                    f'{"..." if num_classes > 10 else ""}'
                )
            label = check_label(number[row['label']], num_classes, line.where)
            sample = samples.setdefault(
                row['image'],
                dict(img_path=os.path.join(self.data_root, row['image']), img_id=row['image'], gt_label=label),
            )
            if sample['gt_label'] != label:
                raise ValueError(
                    f'{line.where}: image {row["image"]!r} has a second label {row["label"]!r}; an image has one'
                )
            if evaluated:
                if not all(line.fields):
                    raise ValueError(
                        f'{line.where}: image {row["image"]!r} of split {self.split!r} has no box; '
                        f'fill in {", ".join(_BOX)}'
                    )
                sample.setdefault('instances', []).append(dict(bbox=line.box(0), bbox_label=label, ignore_flag=0))
        return list(samples.values())

    def _rows(self, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
        """(number of the line, row with the stripped ``columns``, and 'split' where there is one) for each row."""
        require_file(self.csv_file)
        with open(self.csv_file, encoding='utf-8-sig', newline='') as file:
            reader = csv.DictReader(file, restkey='\0more', restval=None, skipinitialspace=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            missing = [name for name in columns if name not in header]
            if missing:
                raise ValueError(
                    f'{self.csv_file}:1: no column {missing} in the header {header}. The columns are image, label, '
                    f"{', '.join(_BOX)} (for 'val' and 'test') and, if one file holds all splits, split"
                )
            for row in reader:
                where = f'{self.csv_file}:{reader.line_num}'
                if '\0more' in row or None in row.values():
                    raise ValueError(f'{where}: a row must have {len(header)} fields ({",".join(header)})')
                wanted = {name: row[name].strip() for name in (*columns, *(['split'] if 'split' in header else []))}
                if not wanted['image'] or not wanted['label']:
                    raise ValueError(f'{where}: image and label must not be empty')
                if wanted.get('split', 'train') not in ('train', 'val', 'test'):
                    raise ValueError(f'{where}: split must be train, val or test, got {wanted["split"]!r}')
                yield reader.line_num, wanted
