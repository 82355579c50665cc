"""From a prediction or a raw class map to the score map of a protocol: resizing and normalization."""

from __future__ import annotations

import cv2
import numpy as np

from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol
from sltnet_mm.evaluation.samples import field, image_name, to_numpy
from sltnet_mm.evaluation.threshold_boxes import check_score_map

_INTERPOLATION = {'linear': cv2.INTER_LINEAR, 'cubic': cv2.INTER_CUBIC}


def predicted_score_map(sample: dict, input_size: tuple[int, int], protocol: Protocol) -> np.ndarray:
    """The protocol's score map (H, W) in [0, 1] at the size of the network input.

    ``pred_score_map`` is used if it is what the protocol needs (the ACAM, resized linearly, then min-max normalized).
    Otherwise, the raw map of ``pred_maps`` that the protocol names is resized and normalized.

    Args:
        sample: The prediction.
        input_size: (width, height) of the network input.
        protocol: Which map to use, and how to resize and normalize it.

    Returns:
        (H, W) in [0, 1].

    Raises:
        KeyError: If the prediction lacks the map; the message names the image.
        ValueError: If the map is not finite, or has another size than the input; the message names the image.
    """
    name = image_name(sample)
    try:
        if _is_network_score_map(protocol) and sample.get('pred_score_map') is not None:
            score_map = to_numpy(sample['pred_score_map'])
            if score_map.shape != input_size[::-1]:
                raise ValueError(
                    f'pred_score_map must have the size of the network input, (height, width) {input_size[::-1]}, '
                    f'got {score_map.shape}'
                )
        else:
            score_map = protocol_score_map(_raw_map(sample, protocol), input_size, protocol)
        check_score_map(score_map)
    except ValueError as error:
        raise ValueError(f'image {name!r}, map {protocol.map!r}: {error}') from error
    return score_map


def _is_network_score_map(protocol: Protocol) -> bool:
    ours, other = PROTOCOLS['sltnet'], protocol
    return all(getattr(ours, key) == getattr(other, key) for key in ('map', 'interpolation', 'order', 'normalization'))


def _raw_map(sample: dict, protocol: Protocol) -> np.ndarray:
    hint = f'protocol {protocol.name} needs it; let the localizer return its raw maps (pred_maps)'
    maps = field(sample, 'pred_maps', hint)
    if maps.get(protocol.map) is None:
        present = sorted(key for key in ('label', 'top_1', 'top_k') if maps.get(key) is not None)
        raise KeyError(f'image {image_name(sample)!r}: pred_maps has no {protocol.map!r} map, only {present}: {hint}')
    return to_numpy(maps[protocol.map])


def protocol_score_map(
    class_map: np.ndarray, size: tuple[int, int], protocol: Protocol = PROTOCOLS['wsolevaluation']
) -> np.ndarray:
    """Resize and normalize a class map by the rules of a protocol, in float64.

    float32 would change a gray level in a quarter of the maps.

    Args:
        class_map: (h, w) raw values of any range.
        size: (width, height) of the score map.
        protocol: Its ``interpolation``, ``order`` and ``normalization`` are used.

    Returns:
        (height, width) float64 in [0, 1]. With ``normalize_first`` and cubic interpolation, the overshoot is clipped.

    Raises:
        ValueError: If the map is not two-dimensional, or has a value that is not finite.

    Example:
        >>> protocol_score_map(np.array([[0., 1.]]), (4, 1), PROTOCOLS['tscam']).tolist()
        [[0.0, 0.25, 0.75, 1.0]]
    """
    class_map = np.asarray(class_map, np.float64)
    if class_map.ndim != 2 or not class_map.size:
        raise ValueError(f'class_map must be an h x w array, got shape {class_map.shape}')
    if not np.isfinite(class_map).all():
        raise ValueError('class_map must be finite, got NaN or infinity: did training diverge?')
    if protocol.order == 'normalize_first':
        resized = cv2.resize(
            normalize_map(class_map, protocol.normalization), size, interpolation=_INTERPOLATION[protocol.interpolation]
        )
        return np.clip(resized, 0, 1)
    return normalize_map(
        cv2.resize(class_map, size, interpolation=_INTERPOLATION[protocol.interpolation]), protocol.normalization
    )


def normalize_map(array: np.ndarray, normalization: str) -> np.ndarray:
    """Normalize an array to [0, 1]: ``minmax``, or ``max`` (negative values to 0, divided by the maximum).

    A constant array gives zeros; so does one without positive values under ``max``.

    Example:
        >>> numbers = np.array([-1.0, 1.0, 4.0])
        >>> normalize_map(numbers, 'minmax').tolist(), normalize_map(numbers, 'max').tolist()
        ([0.0, 0.4, 1.0], [0.0, 0.25, 1.0])
    """
    lowest, highest = (array.min(), array.max()) if normalization == 'minmax' else (0.0, array.max())
    if highest <= lowest:
        return np.zeros_like(array)
    return (np.maximum(array, lowest) - lowest) / (highest - lowest)
