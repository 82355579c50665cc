"""Is an image file whole? Quick for good ones, certain for bad ones."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import mmengine.fileio as fileio
from mmengine.fileio.backends import LocalBackend
from PIL import Image

# The last bytes of a whole file: JPEG's end-of-image marker, PNG's IEND chunk. Encoders may pad behind them, so a
# window is searched.
_ENDINGS = {b'\xff\xd8\xff': b'\xff\xd9', b'\x89PNG\r\n\x1a\n': b'IEND'}
_WINDOW = 64
_HINT = "Restore the file, remove it from the annotations, or give the data set on_bad_image='skip'."


class BadImageError(ValueError):
    """An image file that is missing, truncated or no image; the message names the file and the fix."""


def check_image(path: str, backend_args: dict | None = None, hint: str = _HINT) -> None:
    """Read the whole image and raise if that fails.

    Args:
        path: Path or URL that mmengine's file backends know.
        backend_args: Mmengine's arguments of the file backend. Defaults to None.
        hint: The last sentence of the message; by default what helps with a data set.

    Raises:
        BadImageError: The file is missing or empty, is not an image, or ends before the image does.

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
            warnings.simplefilter('ignore')  # about EXIF and size, not about damage
            with Image.open(io.BytesIO(content)) as image:
                image.load()
    except Image.DecompressionBombError as error:
        raise BadImageError(f'Image {path!r} is refused by PIL as too large: {error}. {hint}') from error
    except Image.UnidentifiedImageError as error:
        raise BadImageError(f'File {path!r} is not an image ({len(content)} bytes). {hint}') from error
    except (OSError, SyntaxError, ValueError, IndexError) as error:  # what PIL's decoders raise on damaged content
        raise BadImageError(f'Image {path!r} is truncated or damaged: {error}. {hint}') from error


def check_ending(path: str, backend_args: dict | None = None, hint: str = _HINT) -> None:
    """Read the whole image, and raise if that fails, where a local file does not end as its format says.

    Cheap enough for every image before it is decoded. The decoder has the last word: a file may be whole without the
    usual ending.

    Args:
        path: As :func:`check_image`'s; files elsewhere are left to the decoder.
        backend_args: Likewise.
        hint: Likewise.

    Raises:
        BadImageError: As :func:`check_image`.
    """
    if not backend_args and isinstance(fileio.get_file_backend(path), LocalBackend) and not looks_whole(path):
        check_image(path, hint=hint)


@contextmanager
def image_faults_named(path: str, backend_args: dict | None = None, hint: str = _HINT) -> Iterator[None]:
    """Around the loading of an image: where it fails and the image is at fault, the error names the image.

    Args:
        path: As :func:`check_image`'s.
        backend_args: Likewise.
        hint: Likewise.

    Raises:
        BadImageError: The image cannot be read, or ends too early. Any other error of the block passes as it is.

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
        check_image(path, backend_args, hint)  # raises, in place of the block's error, where the image is at fault
        raise


def looks_whole(path: str) -> bool:
    """Whether a local file exists and ends as its format says; two small reads, no decoding.

    Some versions of OpenCV decode a truncated JPEG without an error and fill the rest with gray, so this cannot be left
    to the decoder. Formats other than JPEG and PNG count as whole: there the decoder itself fails.

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
