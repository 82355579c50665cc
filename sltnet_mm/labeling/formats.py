"""Boxes in the formats of other tools, written and read: COCO, YOLO, Pascal VOC, LabelMe, CSV, Label Studio, CVAT.

COCO, YOLO, Pascal VOC and LabelMe go through the library ``supervision`` (the extra ``export``), the others through
:mod:`sltnet_mm.labeling.label_tools`.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sltnet_mm.labeling.box_sets import Boxed, BoxSet
from sltnet_mm.labeling.label_tools import (
    read_csv,
    read_cvat,
    read_label_studio,
    write_csv,
    write_cvat,
    write_label_studio,
)

FORMATS = ('coco', 'yolo', 'voc', 'labelme', 'csv', 'label-studio', 'cvat')
_NAMES = 'images.csv'  # exported name to original path
_FILES = {
    'coco': 'annotations.json',
    'csv': 'annotations.csv',
    'label-studio': 'tasks.json',
    'cvat': 'annotations.xml',
}


def export_boxes(boxes: BoxSet, out: str | Path, form: str) -> Path:
    """Write boxes in a format, with the images, into a new folder.

    Copies of the images lie in ``out/images`` (YOLO: ``out/images/train`` and ``val``). Their names hold the folders of
    the original (``cat/1.jpg`` becomes ``cat__1.jpg``); ``out/images.csv`` has both names.

    Args:
        boxes: The boxes; an image without a box is exported without one.
        out: Folder to make.
        form: One of ``FORMATS``.

    Returns:
        The file or folder that the other tool takes: ``data.yaml`` for YOLO, a folder for VOC and LabelMe, otherwise
        the one file.

    Raises:
        FileExistsError: If ``out`` exists and is not empty.
        ImportError: If the format needs ``supervision``, which is not installed.
        ValueError: If ``form`` is unknown.
    """
    out = Path(out)
    _check_format(form)
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f'export: {out} exists and is not empty. Give another folder, or remove it')
    names = exported_names([each.image for each in boxes.images])
    out.mkdir(parents=True, exist_ok=True)
    with open(out / _NAMES, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['name', 'image'])
        writer.writerows((name, image) for image, name in names.items())
    if form == 'yolo':
        return _export_yolo(boxes, names, out)
    renamed = _with_images(boxes, names, out / 'images')
    if form in ('csv', 'label-studio', 'cvat'):
        write: Any = {'csv': write_csv, 'label-studio': write_label_studio, 'cvat': write_cvat}[form]
        write(renamed, out / _FILES[form])
        return out / _FILES[form]
    dataset = _supervised(renamed, out / 'images')
    if form == 'coco':
        dataset.as_coco(annotations_path=str(out / _FILES['coco']))
        return out / _FILES['coco']
    target = out / 'annotations'
    (dataset.as_pascal_voc if form == 'voc' else dataset.as_labelme)(annotations_directory_path=str(target))
    return target


def import_boxes(folder: str | Path, form: str) -> BoxSet:
    """The boxes of a folder that :func:`export_boxes` wrote, perhaps corrected in another tool since.

    Args:
        folder: Its folder, with the images and ``images.csv``.
        form: One of ``FORMATS``.

    Returns:
        The boxes, under the original names of the images.

    Raises:
        FileNotFoundError: If a file is missing.
        ImportError: If the format needs ``supervision``, which is not installed.
        ValueError: If ``form`` is unknown, or an image is not in ``images.csv``.
    """
    folder = Path(folder)
    _check_format(form)
    with open(folder / _NAMES, encoding='utf-8', newline='') as file:
        originals = {row['name']: row['image'] for row in csv.DictReader(file)}
    if form in ('csv', 'label-studio', 'cvat'):
        read: Any = {'csv': read_csv, 'label-studio': read_label_studio, 'cvat': read_cvat}[form]
        found = read(folder / _FILES[form], folder / 'images')
    else:
        found = _read_supervised(folder, form)
    unknown = [each.image for each in found.images if each.image not in originals]
    if unknown:
        raise ValueError(
            f'{folder}: image {unknown[0]!r} is not in {_NAMES}, which this package wrote beside the export'
        )
    images = [Boxed(originals[each.image], each.size, each.boxes, each.labels, each.scores) for each in found.images]
    return BoxSet(folder / 'images', found.classes, sorted(images, key=lambda each: each.image))


def exported_names(images: list[str]) -> dict[str, str]:
    r"""File names for images of any path, unique and safe in every format: image to name.

    Example:
        >>> list(exported_names(['cat/1.jpg', 'cat__1.jpg', 'a b/\n.JPG']).values())
        ['cat__1.jpg', 'cat__1_2.jpg', 'a b___.JPG']
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for image in images:
        stem, ending = os.path.splitext(re.sub(r'[\x00-\x1f"<>|:*?\\,]', '_', image.replace('/', '__')))
        name, number = stem, 1
        while name.lower() in taken:  # by the stem: VOC and YOLO name their files after it
            number += 1
            name = f'{stem}_{number}'
        taken.add(name.lower())
        names[image] = name + ending
    return names


def _check_format(form: str) -> None:
    if form not in FORMATS:
        raise ValueError(f'format must be one of {", ".join(FORMATS)}, got {form!r}')


def _with_images(boxes: BoxSet, names: Mapping[str, str], folder: Path) -> BoxSet:
    """The boxes under the exported names, with the images in a folder."""
    folder.mkdir(parents=True)
    for each in boxes.images:
        source, target = boxes.root / each.image, folder / names[each.image]
        shutil.copyfile(source, target)  # no link: another tool may change the image in place
    renamed = [Boxed(names[each.image], each.size, each.boxes, each.labels, each.scores) for each in boxes.images]
    return BoxSet(folder, boxes.classes, renamed)


def _export_yolo(boxes: BoxSet, names: Mapping[str, str], out: Path) -> Path:
    """The folders that ultralytics trains on: every tenth image is for validation."""
    for split, chosen in (('val', boxes.images[::10]), ('train', [e for i, e in enumerate(boxes.images) if i % 10])):
        renamed = _with_images(BoxSet(boxes.root, boxes.classes, chosen), names, out / 'images' / split)
        _supervised(renamed, out / 'images' / split).as_yolo(annotations_directory_path=str(out / 'labels' / split))
    data = dict(path=str(out.resolve()), train='images/train', val='images/val', names=dict(enumerate(boxes.classes)))
    (out / 'data.yaml').write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding='utf-8')
    return out / 'data.yaml'


def _supervision() -> Any:
    try:
        import supervision
    except ImportError as error:
        raise ImportError(
            'the formats coco, yolo, voc and labelme need the package supervision: pip install supervision'
        ) from error
    return supervision


def _supervised(boxes: BoxSet, folder: Path) -> Any:
    """The boxes as supervision's data set."""
    sv = _supervision()
    annotations = {}
    for each in boxes.images:
        found = sv.Detections.empty()
        if each.boxes:
            found = sv.Detections(xyxy=each.box_array(), class_id=each.label_array(), confidence=each.score_array())
        annotations[str(folder / each.image)] = found
    return sv.DetectionDataset(classes=list(boxes.classes), images=list(annotations), annotations=annotations)


def _read_supervised(folder: Path, form: str) -> BoxSet:
    sv = _supervision()
    images = str(folder / 'images')
    if form == 'coco':
        parts = [sv.DetectionDataset.from_coco(images, str(folder / _FILES['coco']))]
    elif form == 'voc':
        parts = [sv.DetectionDataset.from_pascal_voc(images, str(folder / 'annotations'))]
    elif form == 'labelme':
        parts = [sv.DetectionDataset.from_labelme(images, str(folder / 'annotations'))]
    else:
        parts = [
            sv.DetectionDataset.from_yolo(
                str(folder / 'images' / split), str(folder / 'labels' / split), str(folder / 'data.yaml')
            )
            for split in ('train', 'val')
        ]
    classes = tuple(sorted({name for part in parts for name in part.classes}))
    if form == 'yolo':
        names = yaml.safe_load((folder / 'data.yaml').read_text(encoding='utf-8'))['names']
        classes = tuple(names[key] for key in sorted(names)) if isinstance(names, dict) else tuple(names)
    found = []
    for part in parts:
        for path, image, detections in part:
            size = (image.shape[1], image.shape[0])
            boxed = Boxed(Path(path).name, size, [tuple(map(float, box)) for box in detections.xyxy])
            if len(detections):
                boxed.labels = [classes.index(part.classes[int(number)]) for number in detections.class_id]
            boxed.scores = [None] * len(boxed.boxes)
            found.append(boxed)
    return BoxSet(folder / 'images', classes, found)
