"""What the prepare_*.py tools share: archives as downloaded go to the layout that the configs expect.

Which file goes where is told by its name inside the archive, so the archives' own names do not matter. Every file is
written beside its place and moved into it: an interrupted tool runs again and ends with the same files.
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

from mmengine.utils import ProgressBar

from sltnet_mm.structures.atomic_write import atomic_write

Rules = Sequence[tuple[str, str]]
"""(pattern of a whole member name, its path below the output folder, with \\1, \\2 for the groups); the first that fits
wins. What fits none is left packed.
"""


class PrepareError(Exception):
    """What the user must mend; shown without a traceback."""


class Member(NamedTuple):
    """A file in an archive: its name, its size in bytes, and a function that opens it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def unpack(archives: Sequence[str], out: Path, rules: Rules, overwrite: bool = False) -> int:
    """Unpack archives (tar, tar.gz, zip; tars inside a tar too) and return how many files stand in their places.

    A file that is there with the right size is left alone; one of another size is an error, or replaced with
    ``overwrite``.

    Raises:
        PrepareError: An archive does not exist, is damaged or cut short, or holds no file of the rules; a file that
            would be overwritten; a member that points out of the output folder.
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
                f'{archive} holds no file that belongs to this data set ({len(others)} others, such as '
                f'{others[0] if others else "none"!r}). Wanted are names like\n  {wanted}'
            )
        left = f', {len(others)} others left packed, such as {others[0]!r}' if others else ''
        print(f'{archive}: {placed} files, {written} of them written now{left}')
        total += placed
    return total


def write_text(path: Path, text: str, overwrite: bool = False) -> None:
    """Write a text file; one that is there must be the same, or ``overwrite`` be given."""
    if path.is_file() and path.read_text(encoding='utf-8') == text:
        return
    if path.exists() and not overwrite:
        raise PrepareError(f'{path} exists and says something else. Give --overwrite to replace it')
    with atomic_write(path) as partial:
        partial.write_text(text, encoding='utf-8')


def make_parser(doc: str, archives: str) -> argparse.ArgumentParser:
    """The arguments that all prepare tools have."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('archives', nargs='*', help=archives)
    parser.add_argument('--overwrite', action='store_true', help='replace files that differ from those to be written')
    return parser


def run(main: Callable[[], None]) -> None:
    """Call a tool's main function; its PrepareError and an interrupt end it with one line."""
    try:
        main()
    except PrepareError as error:
        sys.exit(f'{Path(sys.argv[0]).stem}: {error}')
    except KeyboardInterrupt:
        sys.exit('\ninterrupted; run the same command again to go on')


def _members(archive: str) -> Iterator[Member]:
    """All files of an archive, those of tars inside it under "inner.tar/name"; with progress by what was read."""
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
            f'{archive} is no archive, damaged or cut short: {error}. Download it again and run the same command: the '
            'files that are unpacked already stay'
        ) from error
    except OSError as error:  # a full disk, a folder that cannot be written
        raise PrepareError(f'{archive}: {error}') from error


def _tar_members(file: IO[bytes], prefix: str = '') -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode='r:*') as tar:
        while (info := tar.next()) is not None:
            tar.members = []  # it would remember a gigabyte of names of ILSVRC's images
            if info.isfile() and info.name.endswith('.tar'):
                yield from _tar_members(tar.extractfile(info), f'{prefix}{info.name}/')
            elif info.isfile():
                yield Member(prefix + info.name, info.size, lambda info=info: tar.extractfile(info))
        tar.fileobj.seek(tar.offset)
        if len(tar.fileobj.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
            # cut between two files, or written by a careless tool: tarfile takes it for the end, verify.py counts
            print(f'WARNING: {prefix.rstrip("/") or "the archive"} has no end mark: is it cut short?', file=sys.stderr)
        while tar.fileobj.read(1 << 20):
            pass  # a compressed file's checksum is compared when its end is read


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
                raise PrepareError(f'{archive}: {name!r} points out of the output folder; do not trust this archive')
            return path
    return None


def _place(member: Member, target: Path, overwrite: bool) -> bool:
    """Write a member to its place unless it is there; returns whether it was written."""
    if target.is_file() and target.stat().st_size == member.size:
        return False
    if target.exists() and not overwrite:
        raise PrepareError(
            f'{target} exists with {target.stat().st_size} bytes, {member.name} has {member.size}. Give --overwrite to '
            'replace it'
        )
    with atomic_write(target) as partial:
        with member.open() as source, open(partial, 'wb') as file:
            shutil.copyfileobj(source, file, 1 << 20)
        if partial.stat().st_size != member.size:
            raise EOFError(f'{member.name} has {partial.stat().st_size} of {member.size} bytes')
    return True


@contextmanager
def _progress(archive: str, file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """A bar of a hundred steps for how far into the archive's file the reading is; none below 16 MiB."""
    size = os.path.getsize(archive)
    if size < 1 << 24:
        yield lambda: None
        return
    print(f'{archive}: {size / 2**30:.1f} GiB')
    bar, done = ProgressBar(100), 0

    def step() -> None:
        nonlocal done
        reached = min(100, 100 * file.tell() // size)
        if reached > done:
            bar.update(reached - done)
            done = reached

    yield step
    bar.update(100 - done) if done < 100 else None
    print()
