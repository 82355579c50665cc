"""Boxes in PASCAL VOC's xml files, as ILSVRC's box archives hold them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from xml.etree import ElementTree

# The files are written by hand-made tools: some count from 1 or end on the pixel behind the last.
_SLACK = 1.0
_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


@dataclass(frozen=True)
class XmlBoxes:
    """What one file says: (width, height) of the image, the objects' class names, and their boxes x1, y1, x2, y2."""

    size: tuple[int, int]
    names: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]


def read_box_xml(path: str) -> XmlBoxes:
    """Read one file; the numbers of the boxes are taken as they stand, as wsolevaluation's lists take them.

    Args:
        path: File with ``annotation/size/{width,height}`` and ``annotation/object/{name,bndbox}``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no xml or cut short, has no object, lacks a field or a number, or a box is inverted, has
            no area or reaches more than a pixel out of the image. The message names the file.

    Example:
        >>> import tempfile
        >>> text = ('<annotation><size><width>50</width><height>40</height></size><object><name>n01440764</name>'
        ...         '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>49</xmax><ymax>30</ymax></bndbox></object></annotation>')
        >>> with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
        ...     _ = file.write(text), file.flush()
        ...     read_box_xml(file.name)
        XmlBoxes(size=(50, 40), names=('n01440764',), boxes=((1.0, 2.0, 49.0, 30.0),))
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f'{path}: not a whole xml file ({error}); unpack it again') from error
    width, height = (_number(root.find(f'size/{side}'), side, path) for side in ('width', 'height'))
    objects = root.findall('object')
    if not objects:
        raise ValueError(f'{path}: no object, so no box to evaluate; is it the file of a training image without boxes?')
    names, boxes = [], []
    for item in objects:
        name = item.findtext('name')
        if not name:
            raise ValueError(f'{path}: an object has no name')
        names.append(name.strip())
        boxes.append(_box(item, (width, height), path))
    return XmlBoxes((int(width), int(height)), tuple(names), tuple(boxes))


def _box(item: ElementTree.Element, size: tuple[float, float], path: str) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (_number(item.find(f'bndbox/{corner}'), corner, path) for corner in _CORNERS)
    text = f'the box xmin={x1:g} ymin={y1:g} xmax={x2:g} ymax={y2:g}'
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f'{path}: {text} is inverted or has no area; it must have xmax > xmin and ymax > ymin')
    if min(x1, y1) < -_SLACK or x2 > size[0] + _SLACK or y2 > size[1] + _SLACK:
        raise ValueError(f'{path}: {text} reaches out of the image of width {size[0]:g} and height {size[1]:g}')
    return x1, y1, x2, y2


def _number(element: ElementTree.Element | None, name: str, path: str) -> float:
    text = element.text if element is not None else None
    try:
        value = float(text or '')
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{path}: {name} must be a number, got {text!r}')
    return value


def xml_name(image: str) -> str:
    """Name of the file with an image's boxes: the image's name below its folder, with the ending .xml.

    Example:
        >>> xml_name('n01440764/ILSVRC2012_val_00000293.JPEG')
        'ILSVRC2012_val_00000293.xml'
    """
    return os.path.splitext(os.path.basename(image))[0] + '.xml'
