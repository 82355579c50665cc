"""Checks whether an image file is complete: fast for good files, thorough for suspicious ones."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmcv
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


def check_image(path: str, backend_args: dict | None = None, hint: str = _HINT, loader: Any = None) -> None:
    """Decode the complete image as it will be loaded, and raise if that fails.

    PIL, which finds more damage in JPEG and PNG files than OpenCV, looks at those too. It does not judge other formats:
    there it rejects images that OpenCV reads, such as TIFF files of float numbers, and the other way around.

    Args:
        path: Path or URL that mmengine's file backends support.
        backend_args: Arguments of mmengine's file backend. Defaults to None.
        hint: Last sentence of the message. Defaults to the fixes for a data set.
        loader: The loading step of the pipeline, such as a ``LoadImageFromFile``. None: mmcv's default, which is
            OpenCV. Defaults to None.

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
    if content.startswith(tuple(_ENDINGS)):
        damage = _damage(content)
        if damage:
            raise BadImageError(f'Image {path!r} is truncated or damaged: {damage}. {hint}')
    flag, backend = getattr(loader, 'color_type', 'color'), getattr(loader, 'imdecode_backend', None)
    try:
        image, fault = mmcv.imfrombytes(content, flag=flag, backend=backend), ''
    except Exception as error:  # each decoder has its own
        image, fault = None, f': {" ".join(str(error).split())}'
    if image is None:
        try:
            kind = _format(content)
        except Image.UnidentifiedImageError as error:
            raise BadImageError(f'File {path!r} is not an image ({len(content)} bytes). {hint}') from error
        raise BadImageError(
            f'Image {path!r} ({kind}) cannot be decoded by the loader ({backend or "cv2"}){fault}. {hint}'
        )


def _damage(content: bytes) -> str:
    """What PIL finds wrong in a JPEG or PNG file; '' if nothing. That it is large is no damage."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # they concern EXIF and size, not damage
            with Image.open(io.BytesIO(content)) as image:
                image.load()
    except (Image.DecompressionBombError, Image.UnidentifiedImageError):
        return ''
    except (OSError, SyntaxError, ValueError, IndexError, struct.error) as error:  # of PIL's decoders
        return str(error)
    return ''


def _format(content: bytes) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            with Image.open(io.BytesIO(content)) as image:
                return f'{image.format}, mode {image.mode}'
        except Image.DecompressionBombError:
            return 'a very large image'


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
def image_faults_named(
    path: str, backend_args: dict | None = None, hint: str = _HINT, loader: Any = None
) -> Iterator[None]:
    """A context for loading an image: an error that is due to a bad image becomes one that names the image.

    Args:
        path: Path or URL that mmengine's file backends support.
        backend_args: Arguments of mmengine's file backend. Defaults to None.
        hint: Last sentence of the message. Defaults to the fixes for a data set.
        loader: The loading step of the pipeline, as in :func:`check_image`. Defaults to None.

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
        check_image(path, backend_args, hint, loader)  # if the image is bad, this error replaces the block's
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
