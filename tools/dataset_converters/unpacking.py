"""Unpacking of downloaded archives to the layout that the configs expect, shared by the prepare_*.py tools.

The name of a file inside an archive determines where it goes, so the names of the archives do not matter. Every file is
written atomically: after an interruption, the same command completes the same files.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from sltnet_mm.progress import progress
from sltnet_mm.structures.atomic_write import atomic_write

Rules = Sequence[tuple[str, str]]
"""Pairs of a pattern for the complete member name and a path in the output folder, with \\1, \\2 for the groups. The
first match wins; members without a match are not unpacked.
"""


class PrepareError(Exception):
    """An error that the user can fix; shown without a traceback."""


class Member(NamedTuple):
    """A file in an archive: its name, its size in bytes, and a function that opens it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def unpack(archives: Sequence[str], out: Path, rules: Rules, overwrite: bool = False) -> int:
    """Unpack archives (tar, tar.gz, zip; also tar files inside a tar file).

    Args:
        archives: Paths of the archives.
        out: Output folder.
        rules: The files to unpack, and where to.
        overwrite: Replace an existing file whose size differs; otherwise it is an error. A file that has the right size
            is kept. Defaults to False.

    Returns:
        The number of files that are in their places.

    Raises:
        PrepareError: If an archive does not exist, is damaged or truncated, or has no file that matches the rules; if
            an existing file differs; or if a member's path leaves the output folder.
    """
    compiled = [(re.compile(pattern), target) for pattern, target in rules]
    total = 0
    for archive in archives:
        placed, written, others = 0, 0, []
        with _damage_explained(archive):
            for member in _members(archive):
                target = _target(member.name, compiled, archive)
                if target is None:
                    others.append(member.name)
                    continue
                written += _place(member, out / target, overwrite)
                placed += 1
        if not placed:
            wanted = '\n  '.join(pattern for pattern, _ in rules)
            raise PrepareError(
                f'{archive} has no file of this data set ({len(others)} others, such as '
                f'{others[0] if others else "none"!r}). Give an archive with names like\n  {wanted}'
            )
        left = f', {len(others)} other files not unpacked, such as {others[0]!r}' if others else ''
        print(f'{archive}: {placed} files, {written} of them new{left}')
        total += placed
    return total


def write_text(path: Path, text: str, overwrite: bool = False) -> None:
    """Write a text file; an existing file must have the same content unless ``overwrite`` is set."""
    if path.is_file() and path.read_text(encoding='utf-8') == text:
        return
    if path.exists() and not overwrite:
        raise PrepareError(f'{path} exists with different content. Use --overwrite to replace it')
    with atomic_write(path) as partial:
        partial.write_text(text, encoding='utf-8')


def make_parser(doc: str, archives: str) -> argparse.ArgumentParser:
    """The argument parser with the arguments of all prepare_*.py tools."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('archives', nargs='*', help=archives)
    parser.add_argument('--overwrite', action='store_true', help='replace existing files that differ')
    return parser


def run(main: Callable[[], None]) -> None:
    """Call a tool's main function; after a PrepareError or an interruption, exit with a one-line message."""
    try:
        main()
    except PrepareError as error:
        sys.exit(f'{Path(sys.argv[0]).stem}: {error}')
    except KeyboardInterrupt:
        sys.exit('\ninterrupted; run the same command again to continue')


def _members(archive: str) -> Iterator[Member]:
    """All files of an archive, with a progress bar; files of inner tar files have names like "inner.tar/name"."""
    with open(archive, 'rb') as file, _progress(archive, file) as step:
        kind = _zip_members if zipfile.is_zipfile(archive) else _tar_members
        file.seek(0)
        for member in kind(file):
            yield member
            step()


@contextmanager
def _damage_explained(archive: str) -> Iterator[None]:
    if not os.path.isfile(archive):
        raise PrepareError(f'{archive} does not exist')
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise PrepareError(
            f'{archive} is not an archive, or it is damaged or truncated: {error}. Download it again and run the same '
            'command; files that are already unpacked are kept'
        ) from error
    except OSError as error:  # a full disk, a folder that cannot be written
        raise PrepareError(f'{archive}: {error}') from error


def _tar_members(file: IO[bytes], prefix: str = '') -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode='r:*') as tar:
        while (info := tar.next()) is not None:
            tar.members = []  # forget members already read: ILSVRC's would take a gigabyte
            if info.isfile() and info.name.endswith('.tar'):
                yield from _tar_members(tar.extractfile(info), f'{prefix}{info.name}/')
            elif info.isfile():
                yield Member(prefix + info.name, info.size, lambda info=info: tar.extractfile(info))
        tar.fileobj.seek(tar.offset)
        if len(tar.fileobj.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
            # truncated between two files, or written by a careless tool. tarfile does not notice, but verify.py does
            print(f'WARNING: {prefix.rstrip("/") or "the archive"} has no end mark. Is it truncated?', file=sys.stderr)
        while tar.fileobj.read(1 << 20):
            pass  # reading a compressed file to its end verifies its checksum


def _zip_members(file: IO[bytes]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as packed:
        for info in packed.infolist():
            if not info.is_dir():
                yield Member(info.filename, info.file_size, lambda info=info: packed.open(info))


def _target(name: str, rules: Sequence[tuple[re.Pattern, str]], archive: str) -> str | None:
    name = name.removeprefix('./')
    for pattern, target in rules:
        found = pattern.fullmatch(name)
        if found:
            path = found.expand(target)
            if os.path.isabs(path) or '..' in PurePosixPath(path).parts:
                raise PrepareError(f'{archive}: {name!r} is outside the output folder. Do not trust this archive')
            return path
    return None


def _place(member: Member, target: Path, overwrite: bool) -> bool:
    """Write a member to its place unless it exists; the result tells whether it was written."""
    if target.is_file() and target.stat().st_size == member.size:
        return False
    if target.exists() and not overwrite:
        raise PrepareError(
            f'{target} exists and has {target.stat().st_size} bytes, but {member.name} has {member.size}. Use '
            '--overwrite to replace it'
        )
    with atomic_write(target) as partial:
        with member.open() as source, open(partial, 'wb') as file:
            shutil.copyfileobj(source, file, 1 << 20)
        if partial.stat().st_size != member.size:
            raise EOFError(f'{member.name} has {partial.stat().st_size} of {member.size} bytes')
    return True


@contextmanager
def _progress(archive: str, file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """Show the share of the archive read so far, in percent; nothing below 16 MiB."""
    size = os.path.getsize(archive)
    if size < 1 << 24:
        yield lambda: None
        return
    print(f'{archive}: {size / 2**30:.1f} GiB')
    done = 0
    with progress(os.path.basename(archive), 100) as advance:

        def step() -> None:
            nonlocal done
            reached = min(100, 100 * file.tell() // size)
            if reached > done:
                advance(reached - done)
                done = reached

        yield step
        if done < 100:
            advance(100 - done)
