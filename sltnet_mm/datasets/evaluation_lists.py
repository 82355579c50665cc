"""Ground-truth boxes and image sizes from wsolevaluation's text lists, to evaluate maps made by other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sltnet_mm.datasets.text_files import read_lines
from sltnet_mm.datasets.wsol_lists import refuse_release


@dataclass(frozen=True)
class EvaluationLists:
    """The content of one split's lists.

    Args:
        names: Image paths, unique, in the order of ``image_ids.txt``.
        gt_boxes: One (n, 4) float64 xyxy array per image, in pixels of the original image.
        sizes: One (width, height) per image.
    """

    names: list[str]
    gt_boxes: list[np.ndarray]
    sizes: list[tuple[int, int]]


def read_evaluation_lists(folder: str | Path) -> EvaluationLists:
    """Read the lists of one split.

    Args:
        folder: Folder with ``image_ids.txt`` (one path per line), ``localization.txt`` (lines "path,x0,y0,x1,y1", one
            or more per image) and ``image_sizes.txt`` (lines "path,width,height").

    Returns:
        Names, boxes and sizes of the images.

    Raises:
        FileNotFoundError: If a list does not exist.
        ValueError: If a list is from wsolevaluation's folder ``release/``, a line cannot be parsed, an image is listed
            twice or has no size or box, or a box or size belongs to an unlisted image. The message names file and line,
            or the image.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / 'image_ids.txt').write_text('a.jpg')
        >>> _ = (folder / 'localization.txt').write_text('a.jpg,1,2,3,4')
        >>> _ = (folder / 'image_sizes.txt').write_text('a.jpg,50,40')
        >>> read_evaluation_lists(folder).gt_boxes[0].tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """
    folder = Path(folder)
    boxes: dict[str, list[list[float]]] = {}
    for line in read_lines(str(folder / 'image_ids.txt'), ('path',), last_takes_rest=True):
        if line.fields[0] in boxes:
            raise ValueError(f'{line.where}: image {line.fields[0]!r} is listed twice')
        boxes[line.fields[0]] = []
    sizes: dict[str, tuple[int, int]] = {}
    for line in read_lines(str(folder / 'image_sizes.txt'), ('path', 'width', 'height'), ','):
        _check_listed(line.fields[0], boxes, line.where)
        sizes[line.fields[0]] = line.integer(1, 'width'), line.integer(2, 'height')
    for line in read_lines(str(folder / 'localization.txt'), ('path', 'x0', 'y0', 'x1', 'y1'), ','):
        refuse_release(line)
        _check_listed(line.fields[0], boxes, line.where)
        corners = ((1, 'x0'), (2, 'y0'), (3, 'x1'), (4, 'y1'))
        boxes[line.fields[0]].append([line.number_at(column, name) for column, name in corners])
    for name, of_image in boxes.items():
        if name not in sizes:
            raise ValueError(f'Image {name!r} has no size in {folder / "image_sizes.txt"}. Add a line for it')
        if not of_image:
            raise ValueError(f'Image {name!r} has no ground-truth box in {folder / "localization.txt"}. Add its box')
    names = list(boxes)
    return EvaluationLists(names, [np.array(boxes[name]) for name in names], [sizes[name] for name in names])


def _check_listed(name: str, boxes: dict[str, list[list[float]]], where: str) -> None:
    if name not in boxes:
        raise ValueError(f'{where}: image {name!r} is not in image_ids.txt. Add it there, or remove this line')
