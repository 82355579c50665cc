"""Lists of files kept on disk, with a fingerprint of what they were read from: never used once that has changed."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import time
import zipfile
from collections.abc import Callable, Iterable

import numpy as np
from mmengine.logging import print_log

from sltnet_mm.datasets.sample_table import SampleTable
from sltnet_mm.structures.atomic_write import atomic_write

VERSION = 1  # of the file's form; another one is read anew
SETTLED = 2.0  # seconds: the coarsest time stamps of common file systems (FAT, NFS)


class Fingerprint:
    """A digest of files and folders by name, size and time of change, and of texts; nothing is opened.

    A folder's time changes when an entry is added, removed or renamed, so the times of the class folders stand for the
    names of all files in them.

    Example:
        >>> one, other = Fingerprint('classes', 'a b'), Fingerprint('classes', 'a c')
        >>> one.digest == other.digest, one.settled
        (False, True)
    """

    def __init__(self, *texts: str) -> None:
        self._hash = hashlib.sha256('\0'.join((str(VERSION), *texts)).encode())
        self._oldest, self._newest, self._taken = math.inf, -math.inf, time.time()

    def add(self, name: str, status: os.stat_result) -> None:
        """Take in a file or folder."""
        self._hash.update(f'\0{name}\0{status.st_size}\0{status.st_mtime_ns}'.encode())
        self._oldest, self._newest = min(self._oldest, status.st_mtime), max(self._newest, status.st_mtime)

    def add_paths(self, paths: Iterable[str]) -> None:
        """Take in files or folders in the order given, by their own names: a data set may be moved."""
        for path in paths:
            self.add(os.path.basename(path), os.stat(path))

    @property
    def digest(self) -> str:
        """Hexadecimal."""
        return self._hash.hexdigest()

    @property
    def settled(self) -> bool:
        """Whether a later change would show.

        It would not within the coarsest time stamp of the newest one, nor on file systems that keep no times and give
        0 for all (some mounts of object stores).
        """
        return self._oldest > 0 and self._newest < self._taken - SETTLED


def cached_table(
    path: str | None, folder: str, fingerprint: Fingerprint, read: Callable[[], SampleTable]
) -> SampleTable:
    """The table kept at ``path`` where its fingerprint is this one, else what ``read`` gives, which is then kept.

    A file that cannot be read, is damaged or of another version is replaced. A list that cannot be kept (a read-only
    disk) is logged and used all the same. One whose files changed within the last two seconds, or have no times, is
    used and not kept.

    Args:
        path: The file (.npz); None: nothing is kept.
        folder: Folder of the table's names.
        fingerprint: Of everything that ``read`` reads.
        read: Makes the table.
    """
    if path is None:
        return read()
    table = _load(path, folder, fingerprint.digest)
    if table is not None:
        return table
    table = read()
    if fingerprint.settled:
        try:
            _save(path, table, fingerprint.digest)
        except OSError as error:
            print_log(
                f'The list of {len(table)} images is not kept, so it is read again at every start: {error}. Give '
                'cache_dir a folder that can be written, or None.',
                logger='current',
                level=logging.WARNING,
            )
    return table


_ARRAYS = ('names', 'ends', 'labels', 'boxes', 'box_labels', 'box_ends')


def _load(path: str, folder: str, digest: str) -> SampleTable | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file['fingerprint']) != digest:
                return None
            return SampleTable(folder, **{name: file[name] for name in _ARRAYS if name in file})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        print_log(
            f'The list kept in {path} is damaged and is made anew: {error}', logger='current', level=logging.WARNING
        )
        return None


def _save(path: str, table: SampleTable, digest: str) -> None:
    arrays = {name: getattr(table, name) for name in _ARRAYS if getattr(table, name) is not None}
    with atomic_write(path) as partial:
        np.savez(partial, fingerprint=np.array(digest), **arrays)
