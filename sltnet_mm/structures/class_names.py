"""Class names of two sources, compared: the same label must mean the same class in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 10


def class_names_of(meta: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The class names in a data set's ``metainfo`` or a checkpoint's ``dataset_meta``; empty if it has none.

    Example:
        >>> class_names_of(dict(CLASSES=['cat', 'dog']))  # OpenMMLab 1.x
        ('cat', 'dog')
    """
    meta = meta or {}
    names = meta.get('classes', meta.get('CLASSES'))
    return (names,) if isinstance(names, str) else tuple(map(str, names if names is not None else ()))


def check_class_names(one: Sequence[str], first: str, other: Sequence[str], second: str) -> None:
    """Raise unless two sources have the same class names in the same order.

    Nothing is compared if a source names no classes. Numbers ('0', '1', ...) in place of names count as unnamed: of
    such, the second source may have fewer.

    Args:
        one: Class names of the first source, in the order of the labels.
        first: Name of the first source, for the message.
        other: Class names of the second source, the evaluated one.
        second: Name of the second source.

    Raises:
        ValueError: If the names, their order or their number differ. The message has both lists.

    Example:
        >>> check_class_names(['cat', 'dog'], 'the training data', ['dog', 'cat'], 'the test data')
        Traceback (most recent call last):
        ...
        ValueError: the training data and the test data must have the same classes in the same order, ...
    """
    one, other = tuple(map(str, one)), tuple(map(str, other))
    if not one or not other or one == other:
        return
    if _numbered(other) and (len(other) <= len(one) if _numbered(one) else len(other) == len(one)):
        return
    if _numbered(one) and len(one) == len(other):
        return
    raise ValueError(
        f'{first} and {second} must have the same classes in the same order, because a label is a place in this order. '
        f'{first}: {_listed(one)}; {second}: {_listed(other)}. Give both the same list, in the order of training: '
        'classes=[...] of every data set in the config'
    )


def _numbered(names: Sequence[str]) -> bool:
    return all(name == str(label) for label, name in enumerate(names))


def _listed(names: Sequence[str]) -> str:
    more = f', ... ({len(names)} in all)' if len(names) > _SHOWN else ''
    return f'[{", ".join(names[:_SHOWN])}{more}]'
