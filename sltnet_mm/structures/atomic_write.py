"""Atomic file writing: a file is written completely or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
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

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / 'boxes.json'
        >>> with atomic_write(file) as partial:
        ...     _ = partial.write_text('{}')
        >>> file.read_text()
        '{}'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not one of tempfile: the umask decides who may read it, as with any other file.
    partial = path.with_name(f'.{path.stem}.{secrets.token_hex(4)}{path.suffix}')
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
