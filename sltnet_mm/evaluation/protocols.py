"""Evaluation protocols: everything that must be fixed to make localization metrics comparable; the field's presets.

Sources of the presets, by repository and file: clovaai/wsolevaluation (``evaluation.py``, ``inference.py``),
vasgaowei/TS-CAM (``lib/cams_deit.py``), tzzcl/PSOL (``PSOL_inference.py``, ``utils/IoU.py``), won-bae/rethinkingCAM,
Wayne-Mai/EIL, xuehaolan/DANet, and the SLT-Net paper (Sec. 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal, get_args, get_type_hints

import numpy as np

from sltnet_mm.functional.boxes import PAPER_THRESHOLD
from sltnet_mm.functional.thresholds import check_threshold

GRID_STEP = 0.001
"""Step of wsolevaluation's threshold grid, ``np.arange(0, 1, 0.001)`` (its ``main.py``; 1000 thresholds)."""


@dataclass(frozen=True)
class Protocol:
    """The rules that turn a class map (or a box) and the ground-truth boxes into right or wrong.

    Args:
        name: Name under which results are reported.
        map: Which map is used: that of the ground-truth class (``label``), of the predicted class (``top_1``), or the
            ACAM (``top_k``); None if the protocol is for boxes only.
        interpolation: Resizing to the network input: OpenCV's ``linear`` or ``cubic`` (half-pixel centers).
        order: Normalize after resizing (``resize_first``) or before it (``normalize_first``).
        normalization: ``minmax`` (a constant map gives zeros), or ``max``: negative values to 0, divided by the
            maximum.
        quantize: Compare ``uint8(255 * s)``, rounded down, with ``int(threshold * max)``; otherwise compare the values
            themselves with ``threshold * max``.
        comparison: Whether foreground is above the threshold (``>``) or at least equal to it (``>=``).
        component: Size of a component: the area inside its outer contour through pixel centers (``contour``, OpenCV's
            contourArea) or its number of pixels (``pixels``). Components are 8-connected.
        contours: Use the box of the ``largest`` component, the best box of ``all`` contours, including those of
            holes, or the ``union``, the box around all foreground (DANet, MEIL).
        box_end: ``exclusive`` (last pixel + 1), ``clipped`` to the map's last pixel (wsolevaluation), or ``inclusive``,
            the last pixel (DANet).
        empty_box: The box if nothing is above the threshold: ``zeros`` (0, 0, 0, 0), ``unit`` (0, 0, 1, 1), or the
            ``whole`` map.
        frame: Boxes are compared in pixels of the network input (``map``) or of the original image (``image``).
        truncate_gt: Round ground-truth boxes down to whole map pixels (``frame='map'`` only).
        gt_boxes: Use ``any`` ground-truth box, only the ``first``, or those of the image's ``class``.
        iou_plus_one: Whether the IoU counts end pixels as inside: + 1 on widths and heights.
        strict: For GT-known, a box is right if IoU > level; otherwise, if IoU >= level.
        strict_top_k: The same for Top-k LOC.
        iou_levels: IoU levels in percent.
        threshold: The fixed threshold, a fraction in [0, 1); None if ``policy`` is ``grid``.
        threshold_of: What the threshold is a fraction of: the map's ``max``, a ``percentile`` (PaS), the range above a
            percentile (``ivr``); or ``otsu``, which needs none (``threshold=0``). See
            :func:`sltnet_mm.functional.map_threshold`.
        q: The percentile of ``percentile`` (None: 90) and ``ivr`` (None: 50).
        policy: Where the threshold comes from: ``fixed`` by the protocol, ``grid`` (the best on the test set itself, an
            oracle), ``validation`` (chosen on a validation split), ``file``.
        average: Mean over images (``image``), or mean over classes of the mean per class (``class``).

    Raises:
        ValueError: If a value is not among the choices, or the threshold does not match the policy.

    Example:
        >>> print(PROTOCOLS['sltnet'])
        sltnet (threshold 0.2, fixed)
        >>> PROTOCOLS['sltnet'].with_threshold(.31, policy='validation').threshold
        0.31
    """

    name: str
    map: Literal['label', 'top_1', 'top_k'] | None = 'top_k'
    interpolation: Literal['linear', 'cubic'] = 'linear'
    order: Literal['resize_first', 'normalize_first'] = 'resize_first'
    normalization: Literal['minmax', 'max'] = 'minmax'
    quantize: bool = False
    comparison: Literal['>', '>='] = '>'
    component: Literal['contour', 'pixels'] = 'pixels'
    contours: Literal['largest', 'all', 'union'] = 'largest'
    box_end: Literal['exclusive', 'clipped', 'inclusive'] = 'exclusive'
    empty_box: Literal['zeros', 'unit', 'whole'] = 'whole'
    frame: Literal['map', 'image'] = 'image'
    truncate_gt: bool = False
    gt_boxes: Literal['any', 'first', 'class'] = 'any'
    iou_plus_one: bool = False
    strict: bool = True
    strict_top_k: bool = True
    iou_levels: tuple[int, ...] = (50,)
    threshold: float | None = PAPER_THRESHOLD
    policy: Literal['fixed', 'grid', 'validation', 'file'] = 'fixed'
    average: Literal['image', 'class'] = 'image'
    threshold_of: Literal['max', 'percentile', 'ivr', 'otsu'] = 'max'
    q: float | None = None

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            value, allowed = getattr(self, field.name), _choices(hints[field.name])
            if allowed and value not in allowed:
                raise ValueError(f'{field.name} of protocol {self.name!r} must be one of {allowed}, got {value!r}')
        if not self.iou_levels or any(not 0 < level <= 100 for level in self.iou_levels):
            raise ValueError(
                f'iou_levels of protocol {self.name!r} must be percentages in (0, 100], got {self.iou_levels!r}'
            )
        if self.policy == 'grid' and 50 not in self.iou_levels:
            raise ValueError(
                f'iou_levels of protocol {self.name!r} must include 50, which chooses the threshold, '
                f'got {self.iou_levels!r}'
            )
        if self.truncate_gt and self.frame != 'map':
            raise ValueError(f"truncate_gt of protocol {self.name!r} needs frame='map', got frame={self.frame!r}")
        if (self.threshold is None) != (self.policy == 'grid' or self.map is None):
            raise ValueError(
                f'threshold of protocol {self.name!r} must be a number unless the policy is grid or there is '
                f'no map; '
                f'got threshold={self.threshold!r}, policy={self.policy!r}, map={self.map!r}'
            )
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ValueError(f'threshold of protocol {self.name!r} must be in [0, 1), got {self.threshold!r}')
        try:
            # a grid has thresholds other than 0, which Otsu's rule cannot have
            check_threshold(0.5 if self.policy == 'grid' else self.threshold or 0.0, self.threshold_of, self.q)
        except ValueError as error:
            raise ValueError(f'protocol {self.name!r}: {error}') from None

    @property
    def thresholds(self) -> np.ndarray:
        """The thresholds to evaluate, float64 (T,), which are the fixed one or wsolevaluation's grid of 1000.

        Example:
            >>> PROTOCOLS['wsolevaluation'].thresholds.shape
            (1000,)
        """
        if self.map is None:
            return np.empty(0)
        return np.arange(0, 1, GRID_STEP) if self.threshold is None else np.array([self.threshold])

    def with_threshold(self, threshold: float, policy: Literal['fixed', 'validation', 'file'] = 'fixed') -> Protocol:
        """The same protocol with one threshold; ``policy`` tells where it came from.

        Example:
            >>> print(PROTOCOLS['wsolevaluation'].with_threshold(.4, policy='validation'))
            wsolevaluation (threshold 0.4, validation)
        """
        return replace(self, threshold=float(threshold), policy=policy)

    def __str__(self) -> str:
        if self.map is None:
            return f'{self.name} (boxes only)'
        threshold = 'best on the evaluated images' if self.threshold is None else f'{self.threshold:g}'
        return f'{self.name} (threshold {threshold}, {self.policy})'


def _choices(hint: Any) -> tuple:
    """All values of a ``Literal``, alone or in a union with None; empty for other types."""
    parts = get_args(hint)
    if not parts or not any(get_args(part) for part in parts) and not isinstance(parts[0], str):
        return ()
    if isinstance(parts[0], str):
        return parts
    return tuple(choice for part in parts for choice in (get_args(part) or (None,)))


_WSOLEVALUATION = Protocol(
    'wsolevaluation',
    map='label',
    interpolation='cubic',
    quantize=True,
    component='contour',
    box_end='clipped',
    empty_box='zeros',
    frame='map',
    truncate_gt=True,
    iou_plus_one=True,
    strict=False,
    strict_top_k=False,
    iou_levels=(30, 50, 70),
    threshold=None,
    policy='grid',
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol('sltnet'),
            _WSOLEVALUATION,
            replace(_WSOLEVALUATION, name='wsolevaluation-v2', contours='all'),
            # The CAM paper's metric according to wsolevaluation's authors: V1, map over its maximum, threshold 0.2
            replace(
                _WSOLEVALUATION, name='cam2016', normalization='max', iou_levels=(50,), threshold=0.2, policy='fixed'
            ),
            Protocol(
                'tscam',
                map='label',
                quantize=True,
                component='contour',
                empty_box='unit',
                frame='map',
                truncate_gt=True,
                iou_plus_one=True,
                strict=False,
            ),
            # rethinkingCAM (TAP, NWC, PaS): 0.35 of the 90th percentile
            replace(
                _WSOLEVALUATION,
                name='bae2020',
                box_end='exclusive',
                empty_box='whole',
                iou_levels=(50,),
                threshold=0.35,
                policy='fixed',
                threshold_of='percentile',
                q=90.0,
            ),
            # EIL: 0.15 of the maximum, the box around all foreground
            replace(
                _WSOLEVALUATION,
                name='meil2020',
                contours='union',
                iou_levels=(50,),
                threshold=0.15,
                policy='fixed',
            ),
            # DANet: the best threshold of the test set, the box around all foreground, ends inclusive
            Protocol(
                'danet2019',
                map='label',
                comparison='>=',
                contours='union',
                box_end='inclusive',
                empty_box='zeros',
                iou_plus_one=True,
                threshold=None,
                policy='grid',
            ),
            Protocol('psol', map=None, threshold=None, frame='map', gt_boxes='class', average='class'),
        )
    }
)
"""The presets by name: ``sltnet``, ``wsolevaluation`` (V1), ``wsolevaluation-v2``, ``cam2016``, ``tscam``,
``bae2020``, ``meil2020``, ``danet2019``, ``psol`` (boxes only).
"""


def get_protocol(protocol: str | Mapping | Protocol) -> Protocol:
    """The preset of this name, a preset with changes, or the protocol itself.

    Args:
        protocol: Name of a preset; a protocol; or, in config files, a mapping with ``base`` (a preset's name), ``name``
            (a new one) and the fields that differ.

    Returns:
        The protocol.

    Raises:
        KeyError: If there is no preset of this name; the message lists them.
        ValueError: If a mapping lacks ``base`` or ``name``, or names a field that protocols do not have.

    Example:
        >>> get_protocol('tscam').threshold
        0.2
        >>> get_protocol(dict(base='sltnet', name='sltnet-top-1', map='top_1')).map
        'top_1'
    """
    if isinstance(protocol, Protocol):
        return protocol
    if isinstance(protocol, Mapping):
        changes = dict(protocol)
        base = changes.pop('base', None)
        known = [field.name for field in fields(Protocol)]
        if base is None or changes.get('name') in (None, base) or not set(changes) <= set(known):
            raise ValueError(
                'a protocol as a mapping must have base (a preset), name (other than base) and fields among '
                f'{known}, got {dict(protocol)!r}'
            )
        return replace(get_protocol(base), **{key: _as_tuple(value) for key, value in changes.items()})
    if protocol not in PROTOCOLS:
        raise KeyError(f'protocol must be a Protocol or one of {sorted(PROTOCOLS)}, got {protocol!r}')
    return PROTOCOLS[protocol]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # config files turn tuples into lists
