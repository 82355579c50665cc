"""EXIF orientation: image sizes and pixels, in the orientation that a data set's loader gives."""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import mmcv
import mmengine.fileio as fileio
import numpy as np
from PIL import Image

from sltnet_mm.datasets.image_files import image_faults_named

_TAG = 0x0112
_UPRIGHT = 1
# Formats whose header has the size that every decoder gives, if the image is upright. For others (TIFF, WebP, AVIF,
# ...) PIL and OpenCV differ in what they turn, also by version, so only decoding tells.
_PLAIN = ('JPEG', 'PNG', 'BMP', 'PPM')
_LIMIT = threading.Lock()  # while PIL's limit of pixels is lifted


def orientation_of(path: str) -> int:
    """The EXIF orientation of an image, 1 to 8; 1 (upright) if it has none.

    Args:
        path: Path or URL that mmengine's file backends support.
    """
    return _header(path)[1]


def image_size(path: str, rotated: bool = True, loader: Any = None) -> tuple[int, int]:
    """The (width, height) of an image as it is loaded.

    For an upright JPEG, PNG or BMP, only the header is read. Any other image is decoded: which formats are turned by
    their EXIF orientation depends on the decoder and its version (OpenCV 4.12 turns JPEG and PNG, not WebP, and TIFF
    even with ``color_ignore_orientation``).

    Args:
        path: Path or URL that mmengine's file backends support.
        rotated: True: the size after EXIF rotation, as OpenCV loads the image. False: the size as stored, as
            ``LoadImageFromFile(color_type='color_ignore_orientation')`` loads it.
        loader: The loading step of the pipeline (see ``loader_of``), whose decoder and orientation count instead.

    Raises:
        BadImageError: If the image is missing or cannot be decoded.
    """
    size = _plain_size(path, getattr(loader, 'backend_args', None))
    if size is not None:
        return size
    height, width = original_image(path, rotated, loader=loader).shape[:2]
    return width, height


def loader_of(dataset: Any) -> Any:
    """The first loading step in the pipeline of a data set, wrapped or not; None if it has none.

    Raises:
        ValueError: If the parts of a ``ConcatDataset`` load images in different ways.

    Example:
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> images = SyntheticLocalization(num_images=2, pipeline=[dict(type='LoadImageFromFile')])
        >>> type(loader_of(images)).__name__
        'LoadImageFromFile'
    """
    found = [loader for part in dataset_parts(dataset) if (loader := _own_loader(part)) is not None]
    if len(set(map(repr, found))) > 1:
        raise ValueError(f'the parts of the data set load images in different ways: {found}. Use one way for all')
    return found[0] if found else None


def dataset_parts(dataset: Any) -> Iterator[Any]:
    """Yield a data set and, depth first, those inside its wrappers, such as ``RepeatDataset`` or ``ConcatDataset``."""
    yield dataset
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is not None:
            yield from dataset_parts(part)


def _own_loader(dataset: Any) -> Any:
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
    return next((step for step in transforms if type(step).__name__.startswith('LoadImage')), None)


def exif_rotated(dataset: Any) -> bool:
    """Whether a data set's boxes refer to images after EXIF rotation.

    Args:
        dataset: A data set, wrapped or not. One of this package has an attribute ``exif_rotated``; any other is assumed
            to load images as OpenCV does by default: rotated.

    Raises:
        ValueError: If the parts of a ``ConcatDataset`` differ in it.

    Example:
        >>> exif_rotated(object())
        True
    """
    found = {part.exif_rotated for part in dataset_parts(dataset) if hasattr(part, 'exif_rotated')}
    if len(found) > 1:
        raise ValueError(
            'the boxes of one part of the data set refer to images after EXIF rotation, those of another to images as '
            'stored. Use them one after the other'
        )
    return found.pop() if found else True


def original_image(path: str, rotated: bool = True, backend_args: dict | None = None, loader: Any = None) -> np.ndarray:
    """The pixels of an image, in the orientation that the data set's boxes refer to.

    Args:
        path: Path or URL that mmengine's file backends support.
        rotated: True: after EXIF rotation, as OpenCV loads the image. False: as stored (see
            ``LocalizationDataset.exif_rotated``).
        backend_args: Arguments of mmengine's file backend. Defaults to those of ``loader``.
        loader: The loading step of the pipeline (see ``loader_of``), whose decoder and orientation count instead of
            OpenCV and ``rotated``. Defaults to None.

    Returns:
        The image, H x W x 3 uint8, RGB.

    Raises:
        BadImageError: If the image is missing or cannot be decoded.

    Example:
        >>> import sltnet_mm.datasets  # registers the backend of synthetic:// paths
        >>> original_image('synthetic://seed0-size64/test/000000-00.png').shape
        (64, 64, 3)
    """
    flag = getattr(loader, 'color_type', 'color' if rotated else 'color_ignore_orientation')
    flag = 'color' if flag in ('color', 'grayscale') else 'color_ignore_orientation'
    backend = getattr(loader, 'imdecode_backend', None)
    # mmcv ignores channel_order='rgb' unless flag='color', so load BGR and reverse the channels
    with image_faults_named(path, backend_args or getattr(loader, 'backend_args', None), loader=loader):
        content = fileio.get(path, backend_args=backend_args or getattr(loader, 'backend_args', None))
        image = mmcv.imfrombytes(content, flag=flag, channel_order='bgr', backend=backend)
    return np.ascontiguousarray(image[..., ::-1])


def _plain_size(path: str, backend_args: dict | None) -> tuple[int, int] | None:
    """The size in the header of an upright image of a common format; None if only decoding tells."""
    try:
        with _opened(path, backend_args) as image:
            plain = image.format in _PLAIN and image.getexif().get(_TAG, _UPRIGHT) == _UPRIGHT
            return image.size if plain else None
    except (OSError, SyntaxError, ValueError):
        return None  # the loader decides, and says what is wrong


def _header(path: str) -> tuple[tuple[int, int], int]:
    with _opened(path) as image:
        orientation = image.getexif().get(_TAG, _UPRIGHT)
        return image.size, orientation if orientation in range(1, 9) else _UPRIGHT


def _opened(path: str, backend_args: dict | None = None) -> Image.Image:
    """The image with its header read; for a local file nothing else is read."""
    local = backend_args is None and os.path.isfile(path)
    source = path if local else io.BytesIO(fileio.get(path, backend_args=backend_args))
    with _LIMIT, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # they concern EXIF
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # a header needs no memory, whatever it says
        try:
            return Image.open(source)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
