"""Progress of long loops: a bar on a terminal, a few lines in a log file, nothing on the other ranks."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar('Item')
Advance = Callable[[int], None]

_REFRESH = 0.1  # seconds between two drawings of a bar
_LINE = 10.0  # seconds between two lines of a log, at least


def track(items: Iterable[Item], description: str, total: int | None = None, least: int = 2) -> Iterator[Item]:
    """The items, with their progress shown; see :func:`progress`.

    Args:
        items: May be a generator.
        description: What is being done.
        total: Number of items; needed where they have no length.
        least: With fewer items nothing is shown.

    Raises:
        ValueError: If the number of items is neither given nor known.

    Example:
        >>> list(track('ab', 'Reading', least=10))
        ['a', 'b']
    """
    if total is None:
        if not isinstance(items, Sized):
            raise ValueError(f'track({description!r}): items have no length, give total')
        total = len(items)
    with progress(description, total, least) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def progress(description: str, total: int, least: int = 2) -> Iterator[Advance]:
    """A function that is told how many steps were done since it was last called, and shows it on stderr.

    A terminal shows rich's bar. Anything else (a log file, a scheduler's output) gets a line per percent, at least ten
    seconds apart, and one at the end: a hundred at most. Only the main process of a distributed run shows anything.
    No thread draws, so that a loop may fork.

    Args:
        description: What is being done.
        total: Number of steps.
        least: With fewer steps nothing is shown.

    Example:
        >>> with progress('Unpacking', total=2) as advance:
        ...     advance(2)
    """
    from mmengine.dist import is_main_process  # imports torch, which --help of the tools must not wait for

    console = Console(stderr=True)
    if total < max(least, 1) or not is_main_process():
        yield lambda count: None
    elif console.is_terminal and not console.is_dumb_terminal:
        columns = (TextColumn('{task.description}', markup=False), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        # Not redirected: what the loop prints to a file on stdout must get there.
        options: Any = dict(auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        with Progress(*columns, *times, console=console, **options) as bar:
            yield _bar(bar, description, total)
    else:
        yield _lines(description, total)


def _bar(bar: Progress, description: str, total: int) -> Advance:
    task, drawn = bar.add_task(description, total=total), time.monotonic()
    bar.refresh()

    def advance(count: int) -> None:
        nonlocal drawn
        bar.advance(task, count)
        if (now := time.monotonic()) - drawn >= _REFRESH:
            bar.refresh()
            drawn = now

    return advance


def _lines(description: str, total: int) -> Advance:
    done, percent = 0, 0
    begun = written = time.monotonic()

    def advance(count: int) -> None:
        nonlocal done, percent, written
        done += count
        reached, now = 100 * done // total, time.monotonic()
        if done < total and (reached == percent or now - written < _LINE):
            return
        spent = now - begun
        rest = f'{_clock(spent * (total - done) / done)} left' if done < total else f'took {_clock(spent)}'
        print(f'{description}: {done}/{total} ({reached} %), {rest}', file=sys.stderr, flush=True)
        percent, written = reached, now

    return advance


def _clock(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
