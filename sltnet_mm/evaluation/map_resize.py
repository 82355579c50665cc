"""Low-resolution class map -> score map, under every order, interpolation and normalization that a protocol can
name.
"""

from __future__ import annotations

import cv2
import numpy as np

from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol

_INTERPOLATION = {'linear': cv2.INTER_LINEAR, 'cubic': cv2.INTER_CUBIC}


def protocol_score_map(
    class_map: np.ndarray, size: tuple[int, int], protocol: Protocol = PROTOCOLS['wsolevaluation']
) -> np.ndarray:
    """Resize and normalize a map as a protocol asks, in float64 (float32 changes a gray level in a quarter of the
    maps).

    Args:
        class_map: (h, w) raw numbers of any range.
        size: (width, height) of the score map.
        protocol: Its ``interpolation``, ``order`` and ``normalization`` are used.

    Returns:
        (height, width) float64 in [0, 1]. Under ``normalize_first`` with cubic interpolation the overshoot is clipped.

    Raises:
        ValueError: If the map has another rank than two, or a number that is not finite.

    Example:
        >>> protocol_score_map(np.array([[0., 1.]]), (4, 1), PROTOCOLS['tscam']).tolist()
        [[0.0, 0.25, 0.75, 1.0]]
    """
    class_map = np.asarray(class_map, np.float64)
    if class_map.ndim != 2 or not class_map.size:
        raise ValueError(f'class_map must be an h x w array, got shape {class_map.shape}')
    if not np.isfinite(class_map).all():
        raise ValueError('class_map must be finite, got NaN or infinity: did the training diverge?')
    if protocol.order == 'normalize_first':
        resized = cv2.resize(
            normalize_map(class_map, protocol.normalization), size, interpolation=_INTERPOLATION[protocol.interpolation]
        )
        return np.clip(resized, 0, 1)
    return normalize_map(
        cv2.resize(class_map, size, interpolation=_INTERPOLATION[protocol.interpolation]), protocol.normalization
    )


def normalize_map(array: np.ndarray, normalization: str) -> np.ndarray:
    """An array in [0, 1]: ``minmax``, or ``max`` (negatives to 0, over the maximum). A constant (``max``:
    nowhere positive) one gives zeros.

    Example:
        >>> numbers = np.array([-1.0, 1.0, 4.0])
        >>> normalize_map(numbers, 'minmax').tolist(), normalize_map(numbers, 'max').tolist()
        ([0.0, 0.4, 1.0], [0.0, 0.25, 1.0])
    """
    lowest, highest = (array.min(), array.max()) if normalization == 'minmax' else (0.0, array.max())
    if highest <= lowest:
        return np.zeros_like(array)
    return (np.maximum(array, lowest) - lowest) / (highest - lowest)
