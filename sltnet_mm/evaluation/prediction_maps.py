"""From a prediction to the score map that a protocol asks for."""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.map_resize import protocol_score_map
from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol
from sltnet_mm.evaluation.samples import field, image_name, to_numpy
from sltnet_mm.evaluation.threshold_boxes import check_score_map


def predicted_score_map(sample: dict, input_size: tuple[int, int], protocol: Protocol) -> np.ndarray:
    """The protocol's score map (H, W) in [0, 1] at the network input's size.

    ``pred_score_map`` is taken where it is what the protocol asks for (the ACAM, resized linearly, then min-max), else
    the raw map of ``pred_maps`` that the protocol names.

    Args:
        sample: The prediction.
        input_size: (width, height) of the network input.
        protocol: Which map, and how it is resized and normalized.

    Raises:
        KeyError: If the prediction lacks the map.
        ValueError: If the map is not finite, or of another size than the input. Both name the image.
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
    hint = f'protocol {protocol.name} takes it; let the localizer return its raw maps (pred_maps)'
    maps = field(sample, 'pred_maps', hint)
    if maps.get(protocol.map) is None:
        present = sorted(key for key in ('label', 'top_1', 'top_k') if maps.get(key) is not None)
        raise KeyError(f'image {image_name(sample)!r}: pred_maps has no {protocol.map!r} map, only {present}: {hint}')
    return to_numpy(maps[protocol.map])
