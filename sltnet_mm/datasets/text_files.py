"""Annotation files as lines that know where they stand, so that an error can say file and line."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of an annotation file, split into fields."""

    path: str
    number: int
    fields: tuple[str, ...]

    @property
    def where(self) -> str:
        """'file:line', as compilers and editors write it."""
        return f'{self.path}:{self.number}'

    def integer(self, column: int, name: str) -> int:
        """Field ``column`` as an int; ValueError naming file, line and ``name`` where it is none."""
        return int(self._parse(column, name, int, 'a whole number'))

    def number_at(self, column: int, name: str) -> float:
        """Field ``column`` as a finite float; ValueError naming file, line and ``name`` where it is none."""
        value = float(self._parse(column, name, float, 'a number'))
        if not math.isfinite(value):
            raise ValueError(f'{self.where}: {name} must be finite, got {self.fields[column]!r}')
        return value

    def box(self, first: int) -> list[float]:
        """Fields ``first`` to ``first + 3`` as x1, y1, x2, y2 in pixels, ends exclusive.

        Raises:
            ValueError: A field is no finite number, or the box has no area (x2 <= x1 or y2 <= y1).

        Example:
            >>> Line('boxes.txt', 7, ('a.jpg', '5', '6', '9', '6')).box(1)
            Traceback (most recent call last):
            ...
            ValueError: boxes.txt:7: the box x1=5 y1=6 x2=9 y2=6 has no area; it must have x2 > x1 and y2 > y1.
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
    """The non-empty lines of a UTF-8 text file, split and checked for their number of fields.

    Args:
        path: The file.
        names: Names of the fields, for the error message; their number is the number that a line must have.
        separator: Between the fields; None: any white space. A comma splits from the right, so the first field may hold
            commas.
        last_takes_rest: The last field takes the rest of the line, with spaces.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A line has another number of fields, or the file is not UTF-8 text; names file and line.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile('w', suffix='.txt') as file:
        ...     print('1 a b.jpg', file=file, flush=True)
        ...     [line.fields for line in read_lines(file.name, ('id', 'path'), last_takes_rest=True)]
        [('1', 'a b.jpg')]
    """
    require_file(path)
    splits = len(names) - 1
    with open(path, encoding='utf-8', newline=None) as file:
        try:
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
                        f'{path}:{number}: expected {len(names)} fields ({wanted}), got {len(fields)}: {text!r}'
                    )
                yield Line(path, number, tuple(field.strip() for field in fields))
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: not a UTF-8 text file ({error})') from error


def read_mapping(
    path: str, names: tuple[str, ...], separator: str | None = None, last_takes_rest: bool = False
) -> dict[str, Line]:
    """The lines of a file by their first field, in file order; ValueError where a first field occurs twice.

    Arguments and errors are those of :func:`read_lines`.
    """
    lines: dict[str, Line] = {}
    for line in read_lines(path, names, separator, last_takes_rest):
        key = line.fields[0]
        if key in lines:
            raise ValueError(f'{line.where}: {names[0]} {key!r} occurs a second time, first at {lines[key].where}')
        lines[key] = line
    return lines


def require_file(path: str) -> None:
    """Raise FileNotFoundError, naming the file and its folder's state, unless ``path`` is a file."""
    if not os.path.isfile(path):
        folder = os.path.dirname(path) or '.'
        state = (
            'its folder exists, the file does not'
            if os.path.isdir(folder)
            else f'not even the folder {folder!r} exists'
        )
        raise FileNotFoundError(
            f'Annotation file {path!r} is missing ({state}). Check data_root and the names of the files'
        )


def lookup(lines: dict[str, Line], key: str, wanted_by: Line) -> Line:
    """``lines[key]``; ValueError that names both files where the key is absent."""
    try:
        return lines[key]
    except KeyError:
        other = next(iter(lines.values())).path if lines else 'an empty file'
        raise ValueError(f'{wanted_by.where}: {key!r} has no line in {other}') from None


def check_label(label: int, num_classes: int, where: str) -> int:
    """``label`` itself; ValueError naming ``where`` ('file:line') unless 0 <= label < num_classes.

    Example:
        >>> check_label(3, 3, 'labels.txt:9')
        Traceback (most recent call last):
        ...
        ValueError: labels.txt:9: label 3 lies outside the 3 classes (labels 0 to 2).
    """
    if not 0 <= label < num_classes:
        raise ValueError(
            f'{where}: label {label} lies outside the {num_classes} classes (labels 0 to {num_classes - 1})'
        )
    return label
