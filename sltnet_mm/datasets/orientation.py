"""EXIF's orientation: OpenCV turns an image by it when it loads it, PIL does not."""

from __future__ import annotations

import io
import os
from typing import Any

import mmengine.fileio as fileio
from PIL import Image

_TAG = 0x0112
_UPRIGHT = 1
_QUARTERS = (5, 6, 7, 8)  # its values that exchange width and height


def orientation_of(path: str) -> int:
    """EXIF's orientation of an image, 1 to 8; 1, upright, where it has none.

    Args:
        path: path or URL that mmengine's file backends know.
    """
    return _header(path)[1]


def image_size(path: str, turned: bool = True) -> tuple[int, int]:
    """(width, height) of an image; its pixels are not decoded.

    Args:
        path: path or URL that mmengine's file backends know.
        turned: as OpenCV loads it, that is after EXIF's rotation; false: as it is stored, which is what
            ``LoadImageFromFile(color_type='color_ignore_orientation')`` loads.
    """
    (width, height), orientation = _header(path)
    return (height, width) if turned and orientation in _QUARTERS else (width, height)


def turned_by_exif(dataset: Any) -> bool:
    """Whether original pixels of a data set are those of its images turned by EXIF.

    Args:
        dataset: one of this package, with or without wrappers, says so itself; another one is taken to load as OpenCV
            does by default: turned.

    Example:
        >>> turned_by_exif(object())
        True
    """
    while not hasattr(dataset, 'turned_by_exif') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return getattr(dataset, 'turned_by_exif', True)


def _header(path: str) -> tuple[tuple[int, int], int]:
    # of a file on this machine the header alone is read
    with Image.open(path if os.path.isfile(path) else io.BytesIO(fileio.get(path))) as image:
        orientation = image.getexif().get(_TAG, _UPRIGHT)
        return image.size, orientation if orientation in range(1, 9) else _UPRIGHT
