"""Boxes of a set of images, as every format holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Box = tuple[float, ...]


@dataclass
class Boxed:
    """The boxes of one image.

    Args:
        image: Its path relative to the folder of the set.
        size: (width, height) in pixels.
        boxes: x1, y1, x2, y2 in pixels, ends exclusive.
        labels: Class of each box.
        scores: Score of each box in [0, 1], or None.
    """

    image: str
    size: tuple[int, int]
    boxes: list[Box] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    scores: list[float | None] = field(default_factory=list)

    def box_array(self) -> np.ndarray:
        """The boxes, n x 4 float32."""
        return np.array(self.boxes, np.float32).reshape(-1, 4)

    def label_array(self) -> np.ndarray:
        """The labels, n int64."""
        return np.array(self.labels, np.int64)

    def score_array(self) -> np.ndarray:
        """The scores, n float32; 1 where there is none."""
        return np.array([1.0 if score is None else score for score in self.scores], np.float32)


@dataclass
class BoxSet:
    """Boxes of a set of images.

    Args:
        root: Folder of the images.
        classes: Names, in the order of the labels.
        images: The images with their boxes.
    """

    root: Path
    classes: tuple[str, ...]
    images: list[Boxed]

    @classmethod
    def of_coco(cls, coco: Mapping[str, Any], root: str | Path) -> BoxSet:
        """The boxes of a COCO dict whose categories are 0, 1, 2, ..., such as a box file.

        Example:
            >>> coco = dict(images=[dict(id=7, file_name='a.jpg', width=9, height=8)],
            ...     annotations=[dict(image_id=7, category_id=0, bbox=[1, 2, 3, 4], score=0.5)],
            ...     categories=[dict(id=0, name='cat')])
            >>> BoxSet.of_coco(coco, 'photographs').images[0].boxes
            [(1, 2, 4, 6)]
        """
        classes = tuple(each['name'] for each in sorted(coco['categories'], key=lambda each: each['id']))
        images = {each['id']: Boxed(each['file_name'], (each['width'], each['height'])) for each in coco['images']}
        for annotation in coco['annotations']:
            x, y, w, h = annotation['bbox']
            boxed = images[annotation['image_id']]
            boxed.boxes.append((x, y, x + w, y + h))
            boxed.labels.append(annotation['category_id'])
            boxed.scores.append(annotation.get('score'))
        return cls(Path(root), classes, list(images.values()))
