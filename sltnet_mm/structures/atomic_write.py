"""Atomic file writing: a file is written completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

_OF_THE_DISK = tuple(
    getattr(errno, name) for name in ('ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'ENOENT')
)
_PARTIAL = re.compile(r'\..*\.[0-9a-f]{8}(\.\w+)?')


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """A temporary path next to a file, which replaces the file if the block ends without an error.

    Other processes see either the old file or the complete new one. An error in the block leaves the old file and
    removes the temporary one. The temporary name is unique, so that several processes can write the same file. It is
    hidden, because data sets skip hidden files (a killed process leaves it behind), and it has the suffix of the file,
    because writers of images and arrays look at the suffix.

    Args:
        path: File to write; its folder is created.

    Yields:
        The temporary path.

    Raises:
        OSError: If the file cannot be written, such as on a full disk or in a folder that is read-only. The message
            names it.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / 'boxes.json'
        >>> with atomic_write(file) as partial:
        ...     _ = partial.write_text('{}')
        >>> file.read_text()
        '{}'
    """
    path = Path(path)
    # Not one of tempfile: the umask decides who may read it, as with any other file.
    partial = path.with_name(f'.{path.stem}.{secrets.token_hex(4)}{path.suffix}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        number = error.errno or 0
        if number in _OF_THE_DISK and str(error.filename) in ('None', str(partial), str(path.parent)):
            raise type(error)(number, f'{os.strerror(number)}, so this was not written', str(path)) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone, or another error on its way
            partial.unlink(missing_ok=True)


def left_behind(folder: str | Path) -> list[Path]:
    """The temporary files that killed processes left in a folder.

    Example:
        >>> left_behind('.')
        []
    """
    return [path for path in Path(folder).glob('.*') if _PARTIAL.fullmatch(path.name)]
