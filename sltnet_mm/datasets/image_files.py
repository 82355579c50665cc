"""Checks whether an image file is complete: fast for good files, thorough for suspicious ones."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import mmengine.fileio as fileio
from mmengine.fileio.backends import LocalBackend
from PIL import Image

# The end of a complete file: JPEG's end-of-image marker, PNG's IEND chunk. Encoders may add padding after it, so a
# window is searched.
_ENDINGS = {b'\xff\xd8\xff': b'\xff\xd9', b'\x89PNG\r\n\x1a\n': b'IEND'}
_WINDOW = 64
_HINT = "Restore the file, remove it from the annotations, or give the data set on_bad_image='skip'."


class BadImageError(ValueError):
    """An image file is missing, truncated or not an image; the message names the file and the fix."""


def check_image(path: str, backend_args: dict | None = None, hint: str = _HINT) -> None:
    """Decode the complete image, and raise if that fails.

    Args:
        path: Path or URL that mmengine's file backends support.
        backend_args: Arguments of mmengine's file backend. Defaults to None.
        hint: Last sentence of the message. Defaults to the fixes for a data set.

    Raises:
        BadImageError: If the file is missing, empty, truncated or not an image.

    Example:
        >>> check_image('nowhere.jpg')
        Traceback (most recent call last):
        ...
        sltnet_mm.datasets.image_files.BadImageError: Image 'nowhere.jpg' is missing. ...
    """
    try:
        content = fileio.get(path, backend_args=backend_args)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise BadImageError(f'Image {path!r} is missing. {hint}') from error
    if not content:
        raise BadImageError(f'Image {path!r} is an empty file. {hint}')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # they concern EXIF and size, not damage
            with Image.open(io.BytesIO(content)) as image:
                image.load()
    except Image.DecompressionBombError as error:
        raise BadImageError(f'Image {path!r} is too large for PIL: {error}. {hint}') from error
    except Image.UnidentifiedImageError as error:
        raise BadImageError(f'File {path!r} is not an image ({len(content)} bytes). {hint}') from error
    except (OSError, SyntaxError, ValueError, IndexError) as error:  # errors of PIL's decoders for damaged files
        raise BadImageError(f'Image {path!r} is truncated or damaged: {error}. {hint}') from error


def check_ending(path: str, backend_args: dict | None = None, hint: str = _HINT) -> None:
    """Check a local file whose ending is not the one of its format with :func:`check_image`.

    This is cheap enough to do before decoding every image. A file without the usual ending may still be complete, so
    the decoder decides.

    Args:
        path: Path or URL; only local files are checked.
        backend_args: Arguments of mmengine's file backend. Defaults to None.
        hint: Last sentence of the message. Defaults to the fixes for a data set.

    Raises:
        BadImageError: If the file is missing, empty, truncated or not an image.
    """
    if not backend_args and isinstance(fileio.get_file_backend(path), LocalBackend) and not looks_whole(path):
        check_image(path, hint=hint)


@contextmanager
def image_faults_named(path: str, backend_args: dict | None = None, hint: str = _HINT) -> Iterator[None]:
    """A context for loading an image: an error that is due to a bad image becomes one that names the image.

    Args:
        path: Path or URL that mmengine's file backends support.
        backend_args: Arguments of mmengine's file backend. Defaults to None.
        hint: Last sentence of the message. Defaults to the fixes for a data set.

    Raises:
        BadImageError: If the image is missing, truncated or unreadable. Other errors in the block are not changed.

    Example:
        >>> with image_faults_named('no_such_image.jpg'):
        ...     pass
        Traceback (most recent call last):
        ...
        sltnet_mm.datasets.image_files.BadImageError: ...
    """
    check_ending(path, backend_args, hint)
    try:
        yield
    except BadImageError:
        raise
    except Exception:
        check_image(path, backend_args, hint)  # if the image is bad, this error replaces the block's
        raise


def looks_whole(path: str) -> bool:
    """Whether a local file exists and has the ending of its format; two small reads, no decoding.

    This cannot be left to the decoder, because some versions of OpenCV decode a truncated JPEG without an error and
    fill the rest with gray. Formats other than JPEG and PNG count as complete, because their decoders do fail.

    Args:
        path: Path of a local file.

    Example:
        >>> looks_whole('nowhere.jpg')
        False
    """
    try:
        with open(path, 'rb') as file:
            head = file.read(8)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _WINDOW))
            tail = file.read()
    except OSError:
        return False
    return size > 0 and all(ending in tail for start, ending in _ENDINGS.items() if head.startswith(start))
