"""The file format of pseudo boxes, one box per image: COCO JSON with provenance, and its strict reader."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sltnet_mm import __version__
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.json_files import read_json

FORMAT_VERSION = 1
"""Raised whenever a file of an earlier version would be misread."""


@dataclass(frozen=True)
class BoxRecord:
    """The box of one image.

    Args:
        index: Index of the image in its data set.
        file_name: Relative to the data set's ``data_root`` (see :func:`file_name_of`).
        size: (width, height) of the original image in pixels.
        label: Class of the image.
        box: x1, y1, x2, y2 in original pixels, ends exclusive; None if nothing was found.
        score: Score of the box in [0, 1]; None if its source has none.
        label_score: Probability of the label; None if the source of the box has none.
        mask: COCO's run lengths of the object, or None.
    """

    index: int
    file_name: str
    size: tuple[int, int]
    label: int
    box: tuple[float, float, float, float] | None
    score: float | None = None
    label_score: float | None = None
    mask: dict[str, Any] | None = None


@dataclass(frozen=True)
class BoxFile:
    """The contents of a box file, from :func:`read_box_file`; row i of the arrays is image i of the file.

    Args:
        path: Path of the file, for messages.
        info: Provenance.
        classes: Names, in the order of the labels.
        rows: File name to row.
        sizes: (n, 2) int32, width and height of the original images.
        boxes: (n, 4) float32 xyxy in original pixels; NaN for an image without a box.
        labels: (n,) int64; -1 for an image without a box.
    """

    path: str
    info: dict[str, Any]
    classes: tuple[str, ...]
    rows: dict[str, int]
    sizes: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def file_name_of(img_path: str, data_root: str | None) -> str:
    """The path of an image relative to the folder of its data set, with slashes; unchanged if it lies elsewhere.

    Example:
        >>> file_name_of('data/CUB_200_2011/images/001/a.jpg', 'data/CUB_200_2011')
        'images/001/a.jpg'
        >>> file_name_of('synthetic://seed0-size64/train/000000-00.png', '')
        'synthetic://seed0-size64/train/000000-00.png'
    """
    below = os.path.join(data_root or '', '')
    if below and img_path.startswith(below):
        img_path = img_path[len(below) :].lstrip('/' + os.sep)
    return img_path.replace(os.sep, '/')


def dataset_identity(dataset: Any) -> dict[str, Any]:
    """The identity of a data set in a box file: kind, split, number of images, and a hash of file names and labels.

    Args:
        dataset: An mmengine data set whose samples have ``img_path`` and ``gt_label``.

    Returns:
        Dict of ``type``, ``images``, ``sha256`` and, if the data set has one, ``split``.
    """
    digest = hashlib.sha256()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        digest.update(f'{file_name_of(info["img_path"], dataset.data_root)}\t{int(info["gt_label"])}\n'.encode())
    identity = dict(type=type(dataset).__name__, images=len(dataset), sha256=digest.hexdigest())
    return dict(identity, split=dataset.split) if hasattr(dataset, 'split') else identity


def to_coco(info: dict[str, Any], records: Iterable[BoxRecord], classes: Sequence[str]) -> dict[str, Any]:
    """Records as a COCO dict, which mmdet's ``CocoDataset`` can train on.

    ``images`` are in the order of the data set, with their indices as ids. ``annotations`` hold at most one box per
    image: ``bbox`` is x, y, w, h in original pixels, rounded to a thousandth; ids start at 1, since pycocotools never
    matches a ground-truth box with id 0. ``categories`` have ids from 0, in the order of the labels. ``info`` is the
    given one, plus the versions of the format and of this package, the images without a box, and those whose box is the
    whole image.

    Example:
        >>> record = BoxRecord(0, 'a.jpg', (30, 20), 1, (2.0, 3.0, 12.0, 9.0), 0.5)
        >>> to_coco(dict(source='localizer'), [record], ['cat', 'dog'])['annotations'][0]['bbox']
        [2.0, 3.0, 10.0, 6.0]
    """
    from sltnet_mm.functional.boxes import WHOLE_IMAGE  # imports torch, which --help must not wait for

    images: list[dict] = []
    annotations: list[dict] = []
    without: list[str] = []
    whole: list[str] = []
    for record in sorted(records, key=lambda record: record.index):
        width, height = record.size
        images.append(dict(id=record.index, file_name=record.file_name, width=width, height=height))
        if record.box is None:
            without.append(record.file_name)
            continue
        x1, y1, x2, y2 = (round(value, 3) for value in record.box)
        w, h = round(x2 - x1, 3), round(y2 - y1, 3)
        annotation = dict(
            id=len(annotations) + 1,
            image_id=record.index,
            category_id=record.label,
            iscrowd=0,
            bbox=[x1, y1, w, h],
            area=round(w * h, 3),
        )
        for name in ('score', 'label_score'):
            if (value := getattr(record, name)) is not None:
                annotation[name] = round(value, 6)
        if record.mask is not None:
            annotation['segmentation'] = record.mask
        if w * h >= WHOLE_IMAGE * width * height:
            whole.append(record.file_name)
        annotations.append(annotation)
    info = dict(
        description='pseudo boxes',
        format_version=FORMAT_VERSION,
        sltnet_mm=__version__,
        **info,
        images_without_box=without,
        whole_image_boxes=whole,
    )
    categories = [dict(id=i, name=str(name)) for i, name in enumerate(classes)]
    return dict(info=info, images=images, annotations=annotations, categories=categories)


def write_box_file(path: str | Path, coco: dict[str, Any]) -> None:
    """Write a COCO dict atomically: the file is absent (or the old one) or complete."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(coco))


def read_box_file(path: str | Path) -> BoxFile:
    """Read a file of one box per image.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a box file of this version, an image has several boxes, a box has no area or is not
            finite, or a label is outside the classes. The message names the file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'pseudo boxes {str(path)!r} do not exist: write them with tools/generate_pseudo_boxes.py CONFIG '
            'CHECKPOINT --out FILE, or tools/generate_ddt_boxes.py'
        )
    try:
        return _read(path, read_json(path))
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(
            f'{path}: not a file of pseudo boxes as COCO json ({type(error).__name__}: {error})'
        ) from error


def _read(path: str | Path, coco: dict[str, Any]) -> BoxFile:
    info, images, annotations = dict(coco['info']), coco['images'], coco['annotations']
    categories = sorted(coco['categories'], key=lambda each: each['id'])
    if info.get('format_version') != FORMAT_VERSION:
        raise ValueError(
            f'{path}: pseudo boxes of format version {info.get("format_version")}, but this version of sltnet_mm reads '
            f'{FORMAT_VERSION}: write the file again (tools/generate_pseudo_boxes.py --overwrite)'
        )
    if [category['id'] for category in categories] != list(range(len(categories))):
        raise ValueError(f'{path}: the ids of the categories must be 0, 1, 2, ...: they are the labels')
    places = {image['id']: row for row, image in enumerate(images)}
    rows = {image['file_name']: row for row, image in enumerate(images)}
    if len(rows) < len(images) or len(places) < len(images):
        raise ValueError(f'{path}: an image occurs twice among the {len(images)} images')
    boxes = np.full((len(images), 4), np.nan, np.float32)
    labels = np.full(len(images), -1, np.int64)
    if annotations:
        owners = np.array([places.get(annotation['image_id'], -1) for annotation in annotations])
        odd = next((annotation for annotation in annotations if len(annotation['bbox']) != 4), None)
        if odd is not None:
            raise ValueError(f'{path}: a box must be x, y, w, h, got {odd["bbox"]}')
        corners = np.array([annotation['bbox'] for annotation in annotations], np.float64)
        _check_annotations(path, images, annotations, owners, corners)
        corners[:, 2:] += corners[:, :2]
        boxes[owners] = corners
        labels[owners] = [annotation['category_id'] for annotation in annotations]
        if labels.max() >= len(categories) or labels[owners].min() < 0:
            raise ValueError(f'{path}: a box has a label outside the {len(categories)} categories')
    sizes = np.array([(image['width'], image['height']) for image in images], np.int32).reshape(-1, 2)
    classes = tuple(category['name'] for category in categories)
    return BoxFile(str(path), info, classes, rows, sizes, boxes, labels)


def _check_annotations(
    path: str | Path, images: list[dict], annotations: list[dict], owners: np.ndarray, corners: np.ndarray
) -> None:
    """Raise unless every image has at most one box and every box has an area; ``corners`` are x, y, w, h."""
    if (owners < 0).any():
        stray = annotations[int((owners < 0).argmax())]
        raise ValueError(f'{path}: a box for image id {stray["image_id"]}, which is not among the images')
    counts = np.bincount(owners)
    if counts.max() > 1:
        name = images[int(counts.argmax())]['file_name']
        raise ValueError(f'{path}: several boxes for {name!r}; the regressor learns one per image')
    bad = ~(np.isfinite(corners).all(1) & (corners[:, 2:] > 0).all(1))
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f'{path}: the box of {images[owners[first]]["file_name"]!r} must be x, y, w, h with w and h above 0, '
            f'got {annotations[first]["bbox"]}'
        )
