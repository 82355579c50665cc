"""A cache of file lists on disk; a fingerprint of the sources ensures that an outdated list is never used."""

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

VERSION = 1  # of the cache format; files of other versions are replaced
SETTLED = 2.0  # seconds, the coarsest time stamps of common file systems (FAT, NFS)


class Fingerprint:
    """A digest of texts, and of files and folders by name, size and modification time; no file is opened.

    A folder's modification time changes when an entry is added, removed or renamed, so the times of the class folders
    represent the names of all files in them.

    Args:
        *texts: Texts to include in the digest.

    Example:
        >>> one, other = Fingerprint('classes', 'a b'), Fingerprint('classes', 'a c')
        >>> one.digest == other.digest, one.settled
        (False, True)
    """

    def __init__(self, *texts: str) -> None:
        self._hash = hashlib.sha256('\0'.join((str(VERSION), *texts)).encode())
        self._oldest, self._newest, self._taken = math.inf, -math.inf, time.time()

    def add(self, name: str, status: os.stat_result) -> None:
        """Add a file or folder to the digest."""
        self._hash.update(f'\0{name}\0{status.st_size}\0{status.st_mtime_ns}'.encode())
        self._oldest, self._newest = min(self._oldest, status.st_mtime), max(self._newest, status.st_mtime)

    def add_paths(self, paths: Iterable[str]) -> None:
        """Add files or folders in this order, by their names without the folder, because a data set may be moved."""
        for path in paths:
            self.add(os.path.basename(path), os.stat(path))

    @property
    def digest(self) -> str:
        """The digest in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def settled(self) -> bool:
        """Whether a later change would change the digest.

        It might not if the newest file is more recent than the coarsest time stamp, or if the file system has no times
        and reports 0 for all files (some mounts of object stores).
        """
        return self._oldest > 0 and self._newest < self._taken - SETTLED


def cached_table(
    path: str | None, folder: str, fingerprint: Fingerprint, read: Callable[[], SampleTable]
) -> SampleTable:
    """The table cached at ``path`` if its fingerprint matches; otherwise the result of ``read``, which is then cached.

    A cache file that is unreadable, damaged or of another version is replaced. If the cache cannot be written (such as
    on a read-only disk), a warning is logged. A table of files that changed within the last two seconds or have no
    modification times is not cached.

    Args:
        path: Path of the cache file (.npz). None: no cache.
        folder: Folder that the names in the table are relative to.
        fingerprint: Fingerprint of everything that ``read`` reads.
        read: Function that builds the table.

    Returns:
        The table.
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
                f'The list of {len(table)} images cannot be cached, so it is read again at every start: {error}. Set '
                'cache_dir to a writable folder, or to None',
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
            f'The cached list {path} is damaged and will be rebuilt: {error}', logger='current', level=logging.WARNING
        )
        return None


def _save(path: str, table: SampleTable, digest: str) -> None:
    arrays = {name: getattr(table, name) for name in _ARRAYS if getattr(table, name) is not None}
    with atomic_write(path) as partial:
        np.savez(partial, fingerprint=np.array(digest), **arrays)
