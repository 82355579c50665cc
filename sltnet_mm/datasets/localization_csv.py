"""Custom images: any folder of images with one CSV file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.text_files import Line, check_label, path_below, require_file, utf8_text
from sltnet_mm.registry import DATASETS

_BOX = ('x1', 'y1', 'x2', 'y2')


@DATASETS.register_module()
class LocalizationCSV(LocalizationDataset):
    r"""Custom images: a folder, and a CSV file with the columns ``image,label[,x1,y1,x2,y2][,split]``.

    An example of the layout, with one file for all splits::

        my_data                 data_root
        ├── annotations.csv     ann_file
        │       image,label,split,x1,y1,x2,y2
        │       cats/0001.jpg,cat,train,,,,
        │       cats/0002.jpg,cat,test,3,4,90,80
        ├── cats
        │   ├── 0001.jpg
        │   └── ...
        └── ...                 any folders

    The columns may be in any order, and others are ignored:

    - ``image``: path relative to ``data_root``; it becomes ``img_id``;
    - ``label``: name of the class;
    - ``x1`` to ``y2``: a box in pixels of the image as OpenCV loads it (EXIF rotation applied), ends exclusive. An
      image with several boxes has several rows. The columns are not read for 'train', whatever they contain;
    - ``split``: 'train', 'val' or 'test'. Rows of other splits are skipped. Without this column all rows belong to the
      requested split, so use one file per split.

    Args:
        data_root: Folder that image paths are relative to. Defaults to ''.
        ann_file: The CSV file (UTF-8, with a header line), relative to ``data_root`` or absolute. Defaults to
            'annotations.csv'.
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        classes: Class names in the order of the labels. None: the distinct labels in the **whole** file (all splits),
            sorted as text. With one file per split, set it, so that a class missing from one file does not shift the
            labels. Defaults to None.
        **kwargs: Other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: If ``data_root`` or the file does not exist.
        ValueError: If the file is not UTF-8, a column is missing, a row has too few or too many fields, a number cannot
            be parsed, a box has no area, an image has two labels, a label is not in ``classes``, a split is unknown, or
            an image of 'val' or 'test' has no box. The message names file and line.

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
        """All samples of the split, in the order of each image's first row."""
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
                dict(
                    img_path=path_below(self.data_root, row['image'], line.where),
                    img_id=row['image'],
                    gt_label=label,
                ),
            )
            if sample['gt_label'] != label:
                raise ValueError(
                    f'{line.where}: image {row["image"]!r} must have one label, but {row["label"]!r} is its second. '
                    'Correct one of its rows'
                )
            if evaluated:
                if not all(line.fields):
                    raise ValueError(
                        f'{line.where}: image {row["image"]!r} of split {self.split!r} has no box. '
                        f'Fill in {", ".join(_BOX)}'
                    )
                sample.setdefault('instances', []).append(dict(bbox=line.box(0), bbox_label=label, ignore_flag=0))
        return list(samples.values())

    def _rows(self, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
        """Pairs of line number and row: the stripped values of ``columns``, and of 'split' if it exists."""
        require_file(self.csv_file)
        with utf8_text(self.csv_file, newline='') as file:
            reader = csv.DictReader(file, restkey='\0more', restval=None, skipinitialspace=True)
            try:
                yield from self._checked_rows(reader, columns)
            except csv.Error as error:
                raise ValueError(f'{self.csv_file}:{reader.line_num}: not a row of CSV ({error})') from error

    def _checked_rows(self, reader: csv.DictReader, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
        header = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
        missing = [name for name in columns if name not in header]
        twice = sorted({name for name in (*columns, 'split') if header.count(name) > 1})
        if missing or twice:
            fault = f'no column {missing}' if missing else f'several columns {twice}'
            raise ValueError(
                f'{self.csv_file}:1: {fault} in the header {header[:20]}. The columns are image, label, '
                f"{', '.join(_BOX)} (for 'val' and 'test') and, if one file has all splits, split"
            )
        for row in reader:
            where = f'{self.csv_file}:{reader.line_num}'
            if '\0more' in row or None in row.values():
                got = 'more' if '\0more' in row else 'fewer'
                raise ValueError(f'{where}: a row must have {len(header)} fields ({",".join(header)}), got {got}')
            wanted = {name: row[name].strip() for name in (*columns, *(['split'] if 'split' in header else []))}
            if not wanted['image'] or not wanted['label']:
                raise ValueError(f'{where}: image and label must not be empty')
            if wanted.get('split', 'train') not in ('train', 'val', 'test'):
                raise ValueError(f'{where}: split must be train, val or test, got {wanted["split"]!r}')
            yield reader.line_num, wanted
