"""Boxes as CSV, as Label Studio's predictions and as CVAT's XML for images, written and read."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

from PIL import Image, ImageOps

from sltnet_mm.labeling.box_sets import Boxed, BoxSet

_COLUMNS = ('image', 'label', 'x1', 'y1', 'x2', 'y2', 'score', 'width', 'height')


def write_csv(boxes: BoxSet, path: Path) -> None:
    """Write a row per box, and one without coordinates per image without a box."""
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for each in boxes.images:
            for box, label, score in zip(each.boxes, each.labels, each.scores, strict=True):
                text = '' if score is None else round(score, 4)
                writer.writerow([each.image, boxes.classes[label], *(f'{v:g}' for v in box), text, *each.size])
            if not each.boxes:
                writer.writerow([each.image, '', '', '', '', '', '', *each.size])


def read_csv(path: Path, images: Path) -> BoxSet:
    """The boxes of a file of :func:`write_csv`; classes are sorted by name."""
    with open(path, encoding='utf-8-sig', newline='') as file:
        rows = list(csv.DictReader(file))
    classes = tuple(sorted({row['label'] for row in rows if row['label']}))
    found: dict[str, Boxed] = {}
    for row in rows:
        boxed = found.setdefault(row['image'], Boxed(row['image'], (int(row['width']), int(row['height']))))
        if row['label']:
            boxed.boxes.append(tuple(float(row[name]) for name in ('x1', 'y1', 'x2', 'y2')))
            boxed.labels.append(classes.index(row['label']))
            boxed.scores.append(float(row['score']) if row['score'] else None)
    return BoxSet(images, classes, list(found.values()))


def write_label_studio(boxes: BoxSet, path: Path) -> None:
    """Write tasks with predictions, as Label Studio imports them; ``label_config.xml`` beside it is the interface.

    The images are expected in Label Studio's local storage: serve the export's folder as
    ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``.
    """
    tasks = []
    for each in boxes.images:
        width, height = each.size
        results = [
            dict(
                id=f'box{number}',
                type='rectanglelabels',
                from_name='label',
                to_name='image',
                original_width=width,
                original_height=height,
                image_rotation=0,
                value=dict(
                    x=100 * x1 / width,
                    y=100 * y1 / height,
                    width=100 * (x2 - x1) / width,
                    height=100 * (y2 - y1) / height,
                    rotation=0,
                    rectanglelabels=[boxes.classes[label]],
                ),
                **({} if score is None else dict(score=score)),
            )
            for number, ((x1, y1, x2, y2), label, score) in enumerate(
                zip(each.boxes, each.labels, each.scores, strict=True)
            )
        ]
        known = [score for score in each.scores if score is not None]
        prediction = dict(model_version='sltnet_mm', result=results, score=min(known) if known else 0.0)
        data = dict(image=f'/data/local-files/?d=images/{each.image}', width=width, height=height)
        tasks.append(dict(data=data, predictions=[prediction]))
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding='utf-8')
    view = ET.Element('View')
    ET.SubElement(view, 'Image', name='image', value='$image')
    labels = ET.SubElement(view, 'RectangleLabels', name='label', toName='image')
    for name in boxes.classes:
        ET.SubElement(labels, 'Label', value=name)
    ET.ElementTree(view).write(path.with_name('label_config.xml'), encoding='utf-8')


def read_label_studio(path: Path, images: Path) -> BoxSet:
    """The boxes of tasks: a person's annotation where there is one, otherwise the prediction."""
    view = ET.parse(path.with_name('label_config.xml')).getroot()
    classes = tuple(label.get('value', '') for label in view.iter('Label'))
    found = []
    for task in json.loads(path.read_text(encoding='utf-8')):
        name = task['data']['image'].rpartition('images/')[2]
        width, height = task['data'].get('width'), task['data'].get('height')
        if width is None:
            width, height = _size(images / name)
        boxed = Boxed(name, (width, height))
        answers = task.get('annotations') or task.get('predictions') or []
        for result in answers[0]['result'] if answers else []:
            value = result['value']
            x, y = value['x'] * width / 100, value['y'] * height / 100
            boxed.boxes.append((x, y, x + value['width'] * width / 100, y + value['height'] * height / 100))
            boxed.labels.append(classes.index(value['rectanglelabels'][0]))
            boxed.scores.append(result.get('score'))
        found.append(boxed)
    return BoxSet(images, classes, found)


def write_cvat(boxes: BoxSet, path: Path) -> None:
    """Write CVAT's XML, "CVAT for images 1.1", for its "Upload annotations"."""
    root = ET.Element('annotations')
    ET.SubElement(root, 'version').text = '1.1'
    labels = ET.SubElement(ET.SubElement(ET.SubElement(root, 'meta'), 'task'), 'labels')
    for name in boxes.classes:
        label = ET.SubElement(labels, 'label')
        ET.SubElement(label, 'name').text = name
        ET.SubElement(label, 'attributes')
    for number, each in enumerate(boxes.images):
        width, height = map(str, each.size)
        image = ET.SubElement(root, 'image', id=str(number), name=each.image, width=width, height=height)
        for (x1, y1, x2, y2), label_number in zip(each.boxes, each.labels, strict=True):
            box = ET.SubElement(image, 'box', label=boxes.classes[label_number], source='auto', occluded='0')
            for side, value in zip(('xtl', 'ytl', 'xbr', 'ybr'), (x1, y1, x2, y2), strict=True):
                box.set(side, f'{value:.2f}')
            box.set('z_order', '0')
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding='utf-8', xml_declaration=True)


def read_cvat(path: Path, images: Path) -> BoxSet:
    """The boxes of a file of "CVAT for images 1.1"."""
    root = ET.parse(path).getroot()
    classes = tuple(name.text or '' for name in root.findall('.//labels/label/name'))
    found = []
    for image in root.iter('image'):
        boxed = Boxed(image.attrib['name'], (int(image.attrib['width']), int(image.attrib['height'])))
        for box in image.iter('box'):
            boxed.boxes.append(tuple(float(box.attrib[side]) for side in ('xtl', 'ytl', 'xbr', 'ybr')))
            boxed.labels.append(classes.index(box.attrib['label']))
            boxed.scores.append(None)
        found.append(boxed)
    return BoxSet(images, classes, found)


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).size
