"""The original image that boxes in original pixels are drawn on."""

from __future__ import annotations

import mmcv
import mmengine.fileio as fileio
import numpy as np


def original_image(path: str, turned: bool = True, backend_args: dict | None = None) -> np.ndarray:
    """Read an image as the data set's boxes see it.

    Args:
        path: Path or URL that mmengine's file backends know.
        turned: Turned by its EXIF orientation, as OpenCV loads it; false: as it is stored (see ``turned_by_exif`` of
            :class:`~sltnet_mm.datasets.LocalizationDataset`).
        backend_args: mmengine's arguments of the file backend.

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
