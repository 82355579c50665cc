"""A sheet of pictures of the boxes in a box file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sltnet_mm.datasets.orientation import original_image
from sltnet_mm.visualization.captions import Line
from sltnet_mm.visualization.drawing import GT_COLOR, PREDICTED_COLOR, draw_boxes
from sltnet_mm.visualization.grid import picture_grid


def box_sheet(
    coco: Mapping[str, Any],
    root: str | Path,
    images: Sequence[Mapping[str, Any]] | None = None,
    columns: int = 6,
    side: int = 180,
    true: Mapping[str, Sequence[Sequence[float]]] | None = None,
) -> np.ndarray:
    """Pictures of images with their boxes (red), class, score and doubt, side by side.

    Args:
        coco: A COCO dict with boxes.
        root: Folder that its file names are relative to.
        images: Which of ``coco['images']``, in this order. None: the first 24.
        columns: Pictures per row.
        side: Longer side of a picture in pixels.
        true: Ground-truth boxes by file name, drawn in white.

    Returns:
        H x W x 3 uint8 RGB.

    Raises:
        ValueError: If there are no images.
    """
    chosen = list(coco['images'][:24] if images is None else images)
    if not chosen:
        raise ValueError('box_sheet: there are no images')
    names = {each['id']: str(each['name']) for each in coco['categories']}
    boxes: dict[Any, list[Mapping[str, Any]]] = {}
    for annotation in coco['annotations']:
        boxes.setdefault(annotation['image_id'], []).append(annotation)
    tiles = [_tile(image, boxes.get(image['id'], []), names, Path(root), side, true or {}) for image in chosen]
    return picture_grid([tiles[start : start + columns] for start in range(0, len(tiles), columns)], font_size=11)


def _tile(
    image: Mapping[str, Any],
    annotations: Sequence[Mapping[str, Any]],
    names: Mapping[Any, str],
    root: Path,
    side: int,
    true: Mapping[str, Sequence[Sequence[float]]],
) -> tuple[np.ndarray, list[Line]]:
    picture = original_image(str(root / image['file_name']))
    scale = side / max(picture.shape[:2])
    size = [max(1, round(edge * scale)) for edge in picture.shape[1::-1]]
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    picture = draw_boxes(picture, scale * np.array(true.get(image['file_name'], [])).reshape(-1, 4), GT_COLOR)
    lines: list[Line] = [Path(image['file_name']).name]
    for annotation in annotations:
        x, y, w, h = annotation['bbox']
        picture = draw_boxes(picture, scale * np.array([x, y, x + w, y + h]), PREDICTED_COLOR, width=2)
        score = annotation.get('score')
        lines.append(names[annotation['category_id']] + ('' if score is None else f', score {score:.2f}'))
    if not annotations:
        lines.append('no box')
    if 'doubt' in image:
        lines.append(f'doubt {image["doubt"]:.2f}')
    return picture, lines
