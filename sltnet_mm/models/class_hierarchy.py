"""A two-level hierarchy of classes: pairs of parent and root, or a csv file with class, parent, root."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

COLUMNS = ('class', 'parent', 'root')


class ClassHierarchy(NamedTuple):
    """The groups of each class.

    Args:
        parents: C indices of parents, 0 to P - 1.
        roots: C indices of roots, 0 to R - 1.
    """

    parents: tuple[int, ...]
    roots: tuple[int, ...]


def as_hierarchy(source: str | Path | Sequence[Sequence[str]], num_classes: int) -> ClassHierarchy:
    """The hierarchy in a csv file (:func:`read_hierarchy`), or from pairs of parent and root, one for each class.

    Raises:
        ValueError: If the pairs do not cover the classes, or a parent has two roots; see :func:`read_hierarchy`.

    Example:
        >>> as_hierarchy([('crows', 'songs'), ('crows', 'songs'), ('ducks', 'water')], 3)
        ClassHierarchy(parents=(0, 0, 1), roots=(0, 0, 1))
    """
    if isinstance(source, (str, Path)):
        return read_hierarchy(source, num_classes)
    if any(isinstance(pair, str) or len(pair) != 2 for pair in source):
        raise ValueError('hierarchy must be a csv file, or pairs (parent, root), one for each class')
    return _checked([(parent, root) for parent, root in source], num_classes, 'it')


def read_hierarchy(path: str | Path, num_classes: int) -> ClassHierarchy:
    r"""Read a hierarchy, as for DANet: a line per class, in the order of the labels.

    The columns are ``class`` (a name for the reader), ``parent`` and ``root``. Parents (families) and roots (orders)
    are numbered in the order in which they first occur.

    Args:
        path: The csv file, with a header.
        num_classes: C.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a column is missing, a line is incomplete, the number of lines is not C, a class occurs twice, or
            a parent has two roots.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'hierarchy.csv'
        >>> _ = path.write_text('class,parent,root\nraven,crows,songs\ncrow,crows,songs\nteal,ducks,water\n')
        >>> read_hierarchy(path, 3)
        ClassHierarchy(parents=(0, 0, 1), roots=(0, 0, 1))
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'hierarchy: {path} does not exist. Write a csv with the header class,parent,root and a line per class, in '
            'the order of the labels'
        )
    with open(path, newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(
                f'hierarchy: {path} has no column {", ".join(missing)}; its header must be class,parent,root'
            )
        rows = list(reader)
    incomplete = [number for number, row in enumerate(rows, start=2) if not all(row[column] for column in COLUMNS)]
    if incomplete:
        raise ValueError(f'hierarchy: {path}, line {incomplete[0]}: class, parent and root must not be empty')
    names = [row['class'] for row in rows]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f'hierarchy: {path} has the class {doubled[0]!r} twice')
    return _checked([(row['parent'], row['root']) for row in rows], num_classes, str(path))


def _checked(pairs: Sequence[tuple[str, str]], num_classes: int, where: str) -> ClassHierarchy:
    if len(pairs) != num_classes:
        raise ValueError(
            f'hierarchy: {where} must cover the {num_classes} classes, one entry for each, got {len(pairs)}'
        )
    root_of: dict[str, str] = {}
    for parent, root in pairs:
        if root_of.setdefault(parent, root) != root:
            raise ValueError(
                f'hierarchy: {where} puts the parent {parent!r} under two roots, {root_of[parent]!r} and {root!r}'
            )
    return ClassHierarchy(_numbered([parent for parent, _ in pairs]), _numbered([root for _, root in pairs]))


def _numbered(names: Sequence[str]) -> tuple[int, ...]:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return tuple(numbers[name] for name in names)
