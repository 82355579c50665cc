"""What every drawing function asks of its pictures."""

import numpy as np


def check_image(name: str, image: np.ndarray) -> None:
    """Raise unless `image` is H x W x 3 uint8 with at least one pixel.

    Raises:
        TypeError: Not a uint8 array.
        ValueError: Of another shape.

    Example:
        >>> check_image('image', np.zeros((4, 4), np.uint8))
        Traceback (most recent call last):
        ...
        ValueError: image must be H x W x 3 (RGB) with at least one pixel, got shape (4, 4)
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = f'an array of {image.dtype}' if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f'{name} must be a numpy array of uint8 (RGB, 0-255), got {got}')
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f'{name} must be H x W x 3 (RGB) with at least one pixel, got shape {image.shape}')
