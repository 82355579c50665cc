"""EXIF orientation: the size and the pixels of an image as the data set sees them."""

from __future__ import annotations

import io
import os
from typing import Any

import mmcv
import mmengine.fileio as fileio
import numpy as np
from PIL import Image

_TAG = 0x0112
_UPRIGHT = 1
_QUARTERS = (5, 6, 7, 8)  # its values that exchange width and height


def orientation_of(path: str) -> int:
    """EXIF's orientation of an image, 1 to 8; 1, upright, where it has none.

    Args:
        path: Path or URL that mmengine's file backends know.
    """
    return _header(path)[1]


def image_size(path: str, turned: bool = True) -> tuple[int, int]:
    """(width, height) of an image; its pixels are not decoded.

    Args:
        path: Path or URL that mmengine's file backends know.
        turned: As OpenCV loads it, that is after EXIF's rotation; false: as it is stored, which is what
            ``LoadImageFromFile(color_type='color_ignore_orientation')`` loads.
    """
    (width, height), orientation = _header(path)
    return (height, width) if turned and orientation in _QUARTERS else (width, height)


def turned_by_exif(dataset: Any) -> bool:
    """Whether original pixels of a data set are those of its images turned by EXIF.

    Args:
        dataset: One of this package, with or without wrappers, says so itself; another one is taken to load as OpenCV
            does by default: turned.

    Example:
        >>> turned_by_exif(object())
        True
    """
    while not hasattr(dataset, 'turned_by_exif') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return getattr(dataset, 'turned_by_exif', True)


def original_image(path: str, turned: bool = True, backend_args: dict | None = None) -> np.ndarray:
    """Read an image as the data set's boxes see it.

    Args:
        path: Path or URL that mmengine's file backends know.
        turned: Turned by its EXIF orientation, as OpenCV loads it; false: as it is stored (see ``turned_by_exif`` of
            :class:`~sltnet_mm.datasets.LocalizationDataset`).
        backend_args: Mmengine's arguments of the file backend.

    Returns:
        H x W x 3 uint8, RGB.

    Example:
        >>> import sltnet_mm.datasets  # knows synthetic:// paths
        >>> original_image('synthetic://seed0-size64/test/000000-00.png').shape
        (64, 64, 3)
    """
    flag = 'color' if turned else 'color_ignore_orientation'
    # channel_order='rgb' is heeded for flag='color' only
    image = mmcv.imfrombytes(fileio.get(path, backend_args=backend_args), flag=flag, channel_order='bgr')
    return np.ascontiguousarray(image[..., ::-1])


def _header(path: str) -> tuple[tuple[int, int], int]:
    # of a file on this machine the header alone is read
    with Image.open(path if os.path.isfile(path) else io.BytesIO(fileio.get(path))) as image:
        orientation = image.getexif().get(_TAG, _UPRIGHT)
        return image.size, orientation if orientation in range(1, 9) else _UPRIGHT
