"""Lines of annotation files that know their file and line number, so that errors can name both."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

_SHOWN = 200  # letters of a faulty line in an error


@dataclass(frozen=True)
class Line:
    """One line of an annotation file, split into fields."""

    path: str
    number: int
    fields: tuple[str, ...]

    @property
    def where(self) -> str:
        """The location as 'file:line', as compilers and editors write it."""
        return f'{self.path}:{self.number}'

    def integer(self, column: int, name: str) -> int:
        """Field ``column`` as an int; otherwise a ValueError with file, line and ``name``."""
        return int(self._parse(column, name, int, 'an integer'))

    def number_at(self, column: int, name: str) -> float:
        """Field ``column`` as a finite float; otherwise a ValueError with file, line and ``name``."""
        value = float(self._parse(column, name, float, 'a number'))
        if not math.isfinite(value):
            raise ValueError(f'{self.where}: {name} must be finite, got {self.fields[column]!r}')
        return value

    def box(self, first: int) -> list[float]:
        """Fields ``first`` to ``first + 3`` as x1, y1, x2, y2 in pixels, ends exclusive.

        Raises:
            ValueError: If a field is not a finite number, or the box has no area (x2 <= x1 or y2 <= y1).

        Example:
            >>> Line('boxes.txt', 7, ('a.jpg', '5', '6', '9', '6')).box(1)
            Traceback (most recent call last):
            ...
            ValueError: boxes.txt:7: the box x1=5 y1=6 x2=9 y2=6 has no area; it must have x2 > x1 and y2 > y1
        """
        x1, y1, x2, y2 = (self.number_at(first + i, name) for i, name in enumerate(('x1', 'y1', 'x2', 'y2')))
        if x2 <= x1 or y2 <= y1:
            raise ValueError(
                f'{self.where}: the box x1={x1:g} y1={y1:g} x2={x2:g} y2={y2:g} has no area; it must have x2 > x1 and '
                'y2 > y1'
            )
        return [x1, y1, x2, y2]

    def _parse(self, column: int, name: str, kind: type, kind_name: str) -> float:
        try:
            return kind(self.fields[column])
        except ValueError:
            raise ValueError(f'{self.where}: {name} must be {kind_name}, got {self.fields[column]!r}') from None


def read_lines(
    path: str, names: tuple[str, ...], separator: str | None = None, last_takes_rest: bool = False
) -> Iterator[Line]:
    """The non-empty lines of a UTF-8 text file, split into fields.

    Args:
        path: The file.
        names: Names of the fields, for error messages; every line must have as many fields.
        separator: Separator of the fields. None: any white space. A separator splits from the right, so the first field
            may contain it. Defaults to None.
        last_takes_rest: With white space as separator, the last field is the rest of the line, including spaces.
            Defaults to False.

    Returns:
        An iterator over the lines.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a line has the wrong number of fields, or the file is not UTF-8 text. The message names file and
            line.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile('w', suffix='.txt') as file:
        ...     print('1 a b.jpg', file=file, flush=True)
        ...     [line.fields for line in read_lines(file.name, ('id', 'path'), last_takes_rest=True)]
        [('1', 'a b.jpg')]
    """
    require_file(path)
    splits = len(names) - 1
    with utf8_text(path) as file:
        for number, text in enumerate(file, 1):
            text = text.strip()
            if not text:
                continue
            if separator is not None:
                fields = text.rsplit(separator, splits)
            else:
                fields = text.split(None, splits if last_takes_rest else -1)
            if len(fields) != len(names):
                wanted = (separator or ' ').join(names)
                raise ValueError(
                    f'{path}:{number}: expected {len(names)} fields ({wanted}), got {len(fields)}: {text[:_SHOWN]!r}'
                )
            yield Line(path, number, tuple(field.strip() for field in fields))


@contextmanager
def utf8_text(path: str, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file, with or without a byte order mark; other encodings are errors that name the file.

    Args:
        path: The file.
        newline: As in ``open``; ``''`` for CSV. Defaults to None.

    Raises:
        ValueError: If (while it is read in the block) the file turns out not to be UTF-8.
    """
    with open(path, 'rb') as raw:
        head = raw.read(4096)
    if b'\0' in head or head.startswith((b'\xff\xfe', b'\xfe\xff')):
        raise ValueError(f'{path}: not a UTF-8 text file, but binary or UTF-16. Save it as UTF-8')
    try:
        with open(path, encoding='utf-8-sig', newline=newline) as file:
            yield file
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: not a UTF-8 text file ({error}). Save it as UTF-8') from error


def read_mapping(
    path: str, names: tuple[str, ...], separator: str | None = None, last_takes_rest: bool = False
) -> dict[str, Line]:
    """The lines of a file by their first field, in file order.

    Arguments and errors are those of :func:`read_lines`; a first field that occurs twice is a ValueError too.
    """
    lines: dict[str, Line] = {}
    for line in read_lines(path, names, separator, last_takes_rest):
        key = line.fields[0]
        if key in lines:
            raise ValueError(f'{line.where}: {names[0]} {key!r} occurs twice, first at {lines[key].where}')
        lines[key] = line
    return lines


def require_file(path: str) -> None:
    """Raise a FileNotFoundError unless ``path`` is a file; the message also tells whether its folder exists."""
    if not os.path.isfile(path):
        folder = os.path.dirname(path) or '.'
        state = 'its folder exists' if os.path.isdir(folder) else f'its folder {folder!r} does not exist either'
        raise FileNotFoundError(
            f'Annotation file {path!r} does not exist ({state}). Check data_root and the file names'
        )


def path_below(root: str, name: str, where: str) -> str:
    """The path of a file named in an annotation file, which must lie below its folder.

    Args:
        root: The folder; '' allows any path.
        name: Path in the annotation file, relative to the folder.
        where: Place of the name ('file:line'), for the message.

    Raises:
        ValueError: If the path leaves the folder, or has a null character.

    Example:
        >>> path_below('photographs', 'cat/1.jpg', 'annotations.csv:2')
        'photographs/cat/1.jpg'
        >>> path_below('photographs', '../secret.jpg', 'annotations.csv:3')
        Traceback (most recent call last):
        ...
        ValueError: annotations.csv:3: the path '../secret.jpg' leaves the folder 'photographs'. ...
    """
    path = os.path.join(root, name)
    if '\0' in name:
        raise ValueError(f'{where}: the path {name!r} has a null character')
    if root and (os.path.isabs(name) or '..' in name.replace('\\', '/').split('/')):
        folder = os.path.join(os.path.abspath(root), '')
        if not os.path.abspath(path).startswith(folder):
            raise ValueError(
                f'{where}: the path {name!r} leaves the folder {root!r}. Correct it; for images in several places, '
                "make data_root their common folder, or '' and the paths complete"
            )
    return path


def lookup(lines: dict[str, Line], key: str, wanted_by: Line) -> Line:
    """The line ``lines[key]``; if it is missing, a ValueError that names both files."""
    try:
        return lines[key]
    except KeyError:
        other = next(iter(lines.values())).path if lines else 'an empty file'
        raise ValueError(f'{wanted_by.where}: {key!r} has no line in {other}') from None


def check_label(label: int, num_classes: int, where: str) -> int:
    """The label itself; a ValueError that begins with ``where`` ('file:line') unless 0 <= label < num_classes.

    Example:
        >>> check_label(3, 3, 'labels.txt:9')
        Traceback (most recent call last):
        ...
        ValueError: labels.txt:9: label 3 is out of range; the 3 classes have labels 0 to 2
    """
    if not 0 <= label < num_classes:
        raise ValueError(
            f'{where}: label {label} is out of range; the {num_classes} classes have labels 0 to {num_classes - 1}'
        )
    return label
