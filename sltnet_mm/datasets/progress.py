"""Progress of long loops, shown sparingly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from mmengine.utils import ProgressBar

Item = TypeVar('Item')


def with_progress(items: Iterable[Item], number: int, least: int = 0) -> Iterator[Item]:
    """The items, with mmengine's progress bar, which moves a hundred times at most: logs stay short.

    Args:
        items: May be a generator.
        number: How many there are.
        least: With fewer items no bar is shown. Defaults to 0.

    Example:
        >>> list(with_progress('ab', number=2, least=10))
        ['a', 'b']
    """
    if number < max(least, 1):
        yield from items
        return
    bar, step = ProgressBar(number), -(-number // 100)
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        if done % step == 0:
            bar.update(step)
    if done % step:
        bar.update(done % step)
    bar.file.write('\n')
