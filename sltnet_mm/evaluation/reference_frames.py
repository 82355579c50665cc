"""Boxes between the original image and the network input, exact where the input is a plain resize."""

from __future__ import annotations

import numpy as np

RESIZE_TOLERANCE = 1e-4
"""How far (in relative terms, and in pixels) a float32 homography may be from a plain resize and still be read as one:
its rounding is 1e-7 of the numbers, a crop or shift is at least a pixel."""


def resize_scale(matrix: np.ndarray, ori_size: tuple[int, int], input_size: tuple[int, int]) -> np.ndarray | None:
    """(w', h') / (w, h) if the homography is the plain resize of the image to the input, else None.

    Args:
        matrix: (3, 3), original to input pixels.
        ori_size: (w, h) of the original image.
        input_size: (w', h') of the network input.

    Example:
        >>> resize_scale(np.diag([.5, .25, 1]), (100, 100), (50, 25))
        array([0.5 , 0.25])
        >>> resize_scale(np.array([[1., 0, -3], [0, 1, 0], [0, 0, 1]]), (9, 9), (6, 9)) is None
        True
    """
    scale = np.array(input_size, np.float64) / ori_size
    plain = np.diag([*scale, 1.0])
    return scale if np.allclose(matrix, plain, rtol=RESIZE_TOLERANCE, atol=RESIZE_TOLERANCE) else None


def truncate_boxes(boxes: np.ndarray, ori_size: tuple[int, int], input_size: tuple[int, int]) -> np.ndarray:
    """Boxes scaled to the input and rounded toward zero: ``int(x * w' / w)``, in wsolevaluation's order of
    operations.

    Args:
        boxes: (n, 4) xyxy in original pixels.
        ori_size: (w, h) of the original image.
        input_size: (w', h') of the input.

    Returns:
        (n, 4) int64 xyxy in input pixels.

    Example:
        >>> truncate_boxes(np.array([[60, 27, 385, 331]]), (500, 335), (224, 224)).tolist()
        [[26, 18, 172, 221]]
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    # the product before the quotient: (x * w') / w, as in wsolevaluation; x * (w' / w) rounds differently
    return (boxes * np.tile(input_size, 2).astype(np.float64) / np.tile(ori_size, 2).astype(np.float64)).astype(
        np.int64
    )
