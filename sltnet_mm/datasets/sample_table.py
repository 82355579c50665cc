"""The samples of a large split in a few arrays: 1.28 million samples take 60 MB, shared by all worker processes."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SampleTable(Sequence):
    """A read-only sequence of samples (see ``LocalizationDataset``), each built as a dict on access.

    Python objects would take ten times the memory, and their reference counts would make every forked worker copy
    them; arrays avoid both. Build a table with ``build_table``. A box whose label differs from the image's becomes
    an instance with ``ignore_flag`` 1, which is not evaluated.

    Args:
        folder: Folder that the names are relative to; ``img_path`` is folder and name joined.
        names: (bytes,) uint8, all names in UTF-8, concatenated. A name is the ``img_id``; names are unique.
        ends: (n,) int64, the end of each name in ``names``.
        labels: (n,) int32, the label of each image.
        boxes: (m, 4) float32 xyxy, the boxes of all images, concatenated, in original pixels. None: no sample has
            boxes. Defaults to None.
        box_labels: (m,) int32, the label of each box. Defaults to None.
        box_ends: (n,) int64, the end of each image's boxes in ``boxes``. Defaults to None.

    Example:
        >>> table = build_table('images', [('a.jpg', 1, [(1, 2, 3, 4)], [1]), ('b.jpg', 0, [(0, 0, 5, 5)], [0])])
        >>> len(table), table[-1]['img_id']
        (2, 'b.jpg')
        >>> table[0]
        {'img_path': 'images/a.jpg', 'img_id': 'a.jpg', 'gt_label': 1,
         'instances': [{'bbox': [1.0, 2.0, 3.0, 4.0], 'bbox_label': 1, 'ignore_flag': 0}]}
    """

    folder: str
    names: np.ndarray
    ends: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray | None = None
    box_labels: np.ndarray | None = None
    box_ends: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index):  # type: ignore[override]
        """The sample at an int index, or the table of a slice."""
        if isinstance(index, slice):
            return self.take(range(len(self))[index])
        index = range(len(self))[index]  # resolves negative indices, raises IndexError
        name = self.name(index)
        label = int(self.labels[index])
        sample = dict(img_path=os.path.join(self.folder, name), img_id=name, gt_label=label)
        if self.boxes is not None and self.box_labels is not None and self.box_ends is not None:
            start, end = _span(self.box_ends, index)
            sample['instances'] = [
                dict(bbox=bbox, bbox_label=box_label, ignore_flag=int(box_label != label))
                for bbox, box_label in zip(
                    self.boxes[start:end].tolist(), self.box_labels[start:end].tolist(), strict=True
                )
            ]
        return sample

    def __deepcopy__(self, memo: dict) -> SampleTable:
        return self  # a table is immutable

    def name(self, index: int) -> str:
        """The ``img_id`` of a sample; negative indices are not supported."""
        start, end = _span(self.ends, index)
        return self.names[start:end].tobytes().decode()

    def take(self, indices: Iterable[int]) -> SampleTable:
        """The table of the samples at the given indices (negative ones count from the end), in this order."""
        places = range(len(self))
        chosen = [places[index] for index in indices]
        rows = []
        for index in chosen:
            boxes, box_labels = None, None
            if self.boxes is not None and self.box_labels is not None and self.box_ends is not None:
                start, end = _span(self.box_ends, index)
                boxes, box_labels = self.boxes[start:end].tolist(), self.box_labels[start:end].tolist()
            rows.append((self.name(index), int(self.labels[index]), boxes, box_labels))
        return build_table(self.folder, rows)


Row = tuple[str, int, Sequence[Sequence[float]] | None, Sequence[int] | None]


def build_table(folder: str, rows: Iterable[Row]) -> SampleTable:
    """The table of rows (name, label, boxes, labels of the boxes).

    Args:
        folder: Folder that the names are relative to.
        rows: The rows, also as a generator. Boxes and their labels are None in all rows or in none.

    Raises:
        ValueError: If some rows have boxes and some have None.
    """
    names, ends, labels = bytearray(), array('q'), array('i')
    boxes: list[Sequence[float]] = []
    box_labels = array('i')
    box_ends = array('q')
    for name, label, of_image, of_boxes in rows:
        names += name.encode()
        ends.append(len(names))
        labels.append(label)
        if of_image is not None and of_boxes is not None:
            boxes += of_image
            box_labels.extend(of_boxes)
            box_ends.append(len(boxes))
    if box_ends and len(box_ends) != len(labels):
        raise ValueError(f'All rows or none must have boxes, but {len(box_ends)} of {len(labels)} have them')
    common = (folder, np.frombuffer(bytes(names), np.uint8), np.array(ends, np.int64), np.array(labels, np.int32))
    if not box_ends:
        return SampleTable(*common)
    return SampleTable(
        *common,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(box_labels, np.int32),
        np.array(box_ends, np.int64),
    )


def _span(ends: np.ndarray, index: int) -> tuple[int, int]:
    return (0 if index == 0 else int(ends[index - 1])), int(ends[index])
