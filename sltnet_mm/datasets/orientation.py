"""EXIF orientation: image sizes and pixels, with or without EXIF rotation."""

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
_QUARTERS = (5, 6, 7, 8)  # the orientations that swap width and height


def orientation_of(path: str) -> int:
    """The EXIF orientation of an image, 1 to 8; 1 (upright) if it has none.

    Args:
        path: Path or URL that mmengine's file backends support.
    """
    return _header(path)[1]


def image_size(path: str, rotated: bool = True) -> tuple[int, int]:
    """The (width, height) of an image; its pixels are not decoded.

    Args:
        path: Path or URL that mmengine's file backends support.
        rotated: True: the size after EXIF rotation, as OpenCV loads the image. False: the size as stored, as
            ``LoadImageFromFile(color_type='color_ignore_orientation')`` loads it.
    """
    (width, height), orientation = _header(path)
    return (height, width) if rotated and orientation in _QUARTERS else (width, height)


def exif_rotated(dataset: Any) -> bool:
    """Whether a data set's boxes refer to images after EXIF rotation.

    Args:
        dataset: A data set, wrapped or not. One of this package has an attribute ``exif_rotated``; any other is assumed
            to load images as OpenCV does by default: rotated.

    Example:
        >>> exif_rotated(object())
        True
    """
    while not hasattr(dataset, 'exif_rotated') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return getattr(dataset, 'exif_rotated', True)


def original_image(path: str, rotated: bool = True, backend_args: dict | None = None) -> np.ndarray:
    """The pixels of an image, in the orientation that the data set's boxes refer to.

    Args:
        path: Path or URL that mmengine's file backends support.
        rotated: True: after EXIF rotation, as OpenCV loads the image. False: as stored (see
            ``LocalizationDataset.exif_rotated``).
        backend_args: Arguments of mmengine's file backend.

    Returns:
        The image, H x W x 3 uint8, RGB.

    Example:
        >>> import sltnet_mm.datasets  # registers the backend of synthetic:// paths
        >>> original_image('synthetic://seed0-size64/test/000000-00.png').shape
        (64, 64, 3)
    """
    flag = 'color' if rotated else 'color_ignore_orientation'
    # mmcv ignores channel_order='rgb' unless flag='color', so load BGR and reverse the channels
    image = mmcv.imfrombytes(fileio.get(path, backend_args=backend_args), flag=flag, channel_order='bgr')
    return np.ascontiguousarray(image[..., ::-1])


def _header(path: str) -> tuple[tuple[int, int], int]:
    # for a local file only the header is read
    with Image.open(path if os.path.isfile(path) else io.BytesIO(fileio.get(path))) as image:
        orientation = image.getexif().get(_TAG, _UPRIGHT)
        return image.size, orientation if orientation in range(1, 9) else _UPRIGHT
