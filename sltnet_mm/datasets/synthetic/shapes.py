"""The animals of the embedded data: two bodies with six classes each, which differ only in a small mark.

Object coordinates: x forward, y down; a body is centered at the origin and about one unit long. All polygons are n x 2
float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def ellipse(x: float, y: float, rx: float, ry: float, corners: int = 20) -> np.ndarray:
    """The polygon (corners x 2) of an ellipse with center (x, y) and radii rx and ry.

    Example:
        >>> ellipse(0, 0, 2, 1, corners=4).round(6) + 0.
        array([[ 2.,  0.],
               [ 0.,  1.],
               [-2.,  0.],
               [ 0., -1.]])
    """
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def _polygon(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float64)


def _legs(xs: tuple[float, ...], top: float, length: float, lean: float) -> tuple[np.ndarray, ...]:
    half = 0.03
    return tuple(
        _polygon((x - half, top), (x + half, top), (x + lean + half, top + length), (x + lean - half, top + length))
        for x in xs
    )


@dataclass(frozen=True)
class Body:
    """The body of an animal, in object coordinates.

    Args:
        name: Name of the body.
        trunk: Polygons of the trunk.
        limbs: Polygons of the limbs, behind the trunk.
        eyes: Polygons of the eyes.
        mark_at: Center of the class's mark.
        mark_radius: Radius of the class's mark.
        coat: Pattern of the coat, 'belly' or 'stripes'; the same for all classes of the body.
    """

    name: str
    trunk: tuple[np.ndarray, ...]
    limbs: tuple[np.ndarray, ...]
    eyes: tuple[np.ndarray, ...]
    mark_at: tuple[float, float]
    mark_radius: float
    coat: str


BODIES = (
    Body(
        'bird',
        (ellipse(0, 0, 0.38, 0.23), ellipse(0.38, -0.24, 0.17, 0.16)),
        (
            _polygon((-0.25, -0.10), (-0.80, -0.16), (-0.72, 0.12), (-0.25, 0.08)),
            _polygon((0.52, -0.29), (0.70, -0.20), (0.52, -0.17)),
            *_legs((-0.08, 0.10), 0.15, 0.32, 0.05),
        ),
        (ellipse(0.45, -0.30, 0.03, 0.03, 8),),
        (0.30, -0.20),
        0.17,
        'belly',
    ),
    Body(
        'fish',
        (ellipse(0, 0, 0.52, 0.27), ellipse(0.22, 0, 0.34, 0.22)),
        (
            _polygon((-0.40, 0), (-0.80, -0.30), (-0.70, 0), (-0.80, 0.30)),
            _polygon((-0.20, -0.22), (0.18, -0.24), (-0.18, -0.44)),
            _polygon((-0.10, 0.20), (0.14, 0.22), (-0.12, 0.38)),
        ),
        (ellipse(0.42, -0.06, 0.035, 0.035, 8),),
        (-0.36, 0),
        0.17,
        'stripes',
    ),
)

# name, hue in degrees, saturation, value, outline in units of the mark's radius
MARKS = (
    ('red', 2.0, 0.90, 0.85, ellipse(0, 0, 1, 1, 16)),
    ('yellow', 50.0, 0.90, 0.95, _polygon((-1, 0.8), (0, -1.1), (1, 0.8))),
    ('blue', 220.0, 0.85, 0.85, _polygon((-0.5, -1.15), (0.5, -1.15), (0.5, 1.15), (-0.5, 1.15))),
    (
        'white',
        0.0,
        0.03,
        0.97,
        _polygon((0, -1.3), (0.4, -0.4), (1.3, 0), (0.4, 0.4), (0, 1.3), (-0.4, 0.4), (-1.3, 0), (-0.4, -0.4)),
    ),
    ('green', 125.0, 0.90, 0.75, _polygon((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))),
    ('magenta', 310.0, 0.85, 0.85, _polygon((0, -1.2), (1, 0), (0, 1.2), (-1, 0))),
)

# Label l has body l % 2 and mark l // 2, so the first n classes include similar ones if n > 2.
CLASSES = tuple(f'{mark[0]}_{body.name}' for mark in MARKS for body in BODIES)
