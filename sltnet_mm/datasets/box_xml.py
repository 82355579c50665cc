"""Boxes from PASCAL VOC XML files, the format of ILSVRC's bounding-box archives."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.parsers import expat

# Annotation tools differ: some count pixels from 1, some end on the pixel after the last one.
_SLACK = 1.0
_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


@dataclass(frozen=True)
class XmlBoxes:
    """The content of one file: image size (width, height), the objects' class names, and their boxes (xyxy)."""

    size: tuple[int, int]
    names: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]


def read_box_xml(path: str) -> XmlBoxes:
    """Read one file; box coordinates are taken unchanged, as in wsolevaluation's lists.

    Args:
        path: XML file with ``annotation/size/{width,height}`` and ``annotation/object/{name,bndbox}``.

    Returns:
        The image size, the class names and the boxes.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not valid XML or has a document type, has no object, lacks a field or a number, or a
            box is inverted, has no area or extends more than one pixel beyond the image. The message names the file.

    Example:
        >>> import tempfile
        >>> text = ('<annotation><size><width>50</width><height>40</height></size><object><name>n01440764</name>'
        ...         '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>49</xmax><ymax>30</ymax></bndbox></object></annotation>')
        >>> with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
        ...     _ = file.write(text), file.flush()
        ...     read_box_xml(file.name)
        XmlBoxes(size=(50, 40), names=('n01440764',), boxes=((1.0, 2.0, 49.0, 30.0),))
    """
    root = parse_xml(path)
    width, height = (_number(root.find(f'size/{side}'), side, path) for side in ('width', 'height'))
    objects = root.findall('object')
    if not objects:
        raise ValueError(f'{path}: no object, so there is no box to evaluate. Is this a training image without boxes?')
    names, boxes = [], []
    for item in objects:
        name = item.findtext('name')
        if not name:
            raise ValueError(f'{path}: every object must have a name, but one has none. Unpack the file again')
        names.append(name.strip())
        boxes.append(_box(item, (width, height), path))
    return XmlBoxes((int(width), int(height)), tuple(names), tuple(boxes))


def parse_xml(path: str | os.PathLike) -> ElementTree.Element:
    """The root of an XML file; one with a document type is refused, because entities can expand to any size.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is not valid XML or has a document type. The message names it.
    """
    builder, parser = ElementTree.TreeBuilder(), expat.ParserCreate()

    def refuse(*declaration: object) -> None:
        raise ValueError(f'{path}: a box file has no document type (<!DOCTYPE ...>), which could define entities')

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler, parser.buffer_text = builder.data, True
    try:
        with open(path, 'rb') as file:
            parser.ParseFile(file)
        return builder.close()
    except expat.ExpatError as error:
        raise ValueError(f'{path}: not a valid XML file ({error}). Unpack it again') from error


def _box(item: ElementTree.Element, size: tuple[float, float], path: str) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (_number(item.find(f'bndbox/{corner}'), corner, path) for corner in _CORNERS)
    text = f'the box xmin={x1:g} ymin={y1:g} xmax={x2:g} ymax={y2:g}'
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f'{path}: {text} is inverted or has no area; it must have xmax > xmin and ymax > ymin')
    if min(x1, y1) < -_SLACK or x2 > size[0] + _SLACK or y2 > size[1] + _SLACK:
        raise ValueError(f'{path}: {text} extends beyond the image of width {size[0]:g} and height {size[1]:g}')
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
    """The name of an image's box file: the image's file name with the extension ``.xml``.

    Example:
        >>> xml_name('n01440764/ILSVRC2012_val_00000293.JPEG')
        'ILSVRC2012_val_00000293.xml'
    """
    return os.path.splitext(os.path.basename(image))[0] + '.xml'
