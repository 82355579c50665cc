"""Textured, cluttered backgrounds: three kinds for training, three others for validation and test."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from sltnet_mm.datasets.synthetic.scene import SUBPIXEL_BITS, fill, fixed_point
from sltnet_mm.datasets.synthetic.shapes import MARKS, ellipse

Generator = np.random.Generator
# Hue ranges in degrees: soil, meadow, water and heather for training; moss, pine, violet and rust otherwise
HUES = {
    'train': ((20.0, 45.0), (80.0, 130.0), (190.0, 225.0), (290.0, 330.0)),
    'val': ((50.0, 75.0), (140.0, 180.0), (235.0, 280.0), (340.0, 360.0)),
}


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """The color of hue (degrees), saturation and value (both in [0, 1]) as (3,) float32, BGR in [0, 1].

    Example:
        >>> hsv(0., 1., 1.)
        array([0., 0., 1.], dtype=float32)
    """
    pixel = np.array([[[hue % 360, np.clip(saturation, 0, 1), np.clip(value, 0, 1)]]], np.float32)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0]


def noise(rng: Generator, size: int, cells: int) -> np.ndarray:
    """Smooth noise, size x size float32 in [0, 1], with about ``cells`` bumps per side."""
    grid = rng.random((cells, cells), np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def waves(rng: Generator, size: int, periods: tuple[float, float]) -> np.ndarray:
    """Wavy stripes, size x size float32 in [0, 1]; ``periods`` is the range (lowest, highest) of stripes per side."""
    x, y = _grid(size)
    angle, count = rng.uniform(0, math.pi), rng.uniform(*periods)
    bend = rng.uniform(0, 0.5) * noise(rng, size, 4)
    return 0.5 + 0.5 * np.sin(
        2 * math.pi * (count * (math.cos(angle) * x + math.sin(angle) * y) + bend) + rng.uniform(0, 7)
    )


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x (1 x size) and y (size x 1), float32 in [0, 1), which broadcast to the image."""
    line = np.arange(size, dtype=np.float32) / size
    return line[None, :], line[:, None]


def _octaves(rng: Generator, size: int) -> np.ndarray:
    return 0.5 * noise(rng, size, 4) + 0.3 * noise(rng, size, 9) + 0.2 * noise(rng, size, 24)


def _stripes(rng: Generator, size: int) -> np.ndarray:
    return 0.7 * waves(rng, size, (3, 9)) + 0.3 * noise(rng, size, 16)


def _pebbles(rng: Generator, size: int) -> np.ndarray:
    field = 0.4 * noise(rng, size, 8)
    for _ in range(12):
        x, y, rx, ry = (
            rng.uniform(0, size),
            rng.uniform(0, size),
            rng.uniform(0.03, 0.12) * size,
            rng.uniform(0.03, 0.12) * size,
        )
        field += rng.uniform(0.2, 0.6) * fill((ellipse(x, y, rx, ry, 10),), size)
    return field.clip(0, 1)


def _bricks(rng: Generator, size: int) -> np.ndarray:
    rows = int(rng.integers(4, 10))
    tones = rng.random((rows, rows // 2 + 2), np.float32)
    x, y = _grid(size)
    angle = rng.uniform(-0.5, 0.5)
    u, v = math.cos(angle) * x + math.sin(angle) * y + 1, math.cos(angle) * y - math.sin(angle) * x + 1
    row = (v * rows).astype(np.int64)
    along = u * rows / 2 + 0.5 * (row % 2)
    joint = (along % 1 < 0.08) | (v * rows % 1 < 0.14)
    return np.where(joint, 0.1, 0.3 + 0.7 * tones[row % rows, along.astype(np.int64) % tones.shape[1]]).astype(
        np.float32
    )


def _cells(rng: Generator, size: int) -> np.ndarray:
    seeds = np.full((size, size), 255, np.uint8)
    places = rng.integers(0, size, (18, 2))
    seeds[places[:, 0], places[:, 1]] = 0
    distance, nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    tones = rng.random(nearest.max() + 1, np.float32)
    return (0.75 * tones[nearest] + 0.25 * distance / (distance.max() + 1e-6)).astype(np.float32)


def _rings(rng: Generator, size: int) -> np.ndarray:
    x, y = _grid(size)
    cx, cy = rng.uniform(-0.2, 1.2), rng.uniform(-0.2, 1.2)
    radius = np.hypot(x - cx, y - cy) + 0.1 * noise(rng, size, 5)
    return 0.5 + 0.5 * np.sin(2 * math.pi * rng.uniform(4, 11) * radius)


FAMILIES: dict[str, tuple[Callable[[Generator, int], np.ndarray], ...]] = {
    'train': (_octaves, _stripes, _pebbles),
    'val': (_bricks, _cells, _rings),
}


def draw_background(rng: Generator, split: str, size: int) -> np.ndarray:
    """A background, size x size x 3 float32 BGR in [0, 1].

    Clutter is drawn onto the texture: blades of grass, blobs in the colors of the class marks, and marks in the
    animals' colors. So neither the color nor the shape of a mark is enough to tell the class.

    Args:
        rng: Source of all randomness.
        split: 'train' has its own textures and palettes; 'val' and 'test' share theirs.
        size: Side of the image in pixels.

    Example:
        >>> import numpy as np
        >>> draw_background(np.random.default_rng(0), 'train', 32).shape
        (32, 32, 3)
    """
    kind = 'train' if split == 'train' else 'val'
    families, hues = FAMILIES[kind], HUES[kind]
    field = families[rng.integers(len(families))](rng, size)[..., None]
    span = hues[rng.integers(len(hues))]
    dark = hsv(rng.uniform(*span), rng.uniform(0.15, 0.65), rng.uniform(0.10, 0.45))
    light = hsv(rng.uniform(*span), rng.uniform(0.10, 0.55), rng.uniform(0.45, 0.95))
    image = dark + (light - dark) * field
    image = (255 * image).clip(0, 255).astype(np.uint8)  # OpenCV antialiases only on uint8
    for _ in range(rng.integers(2, 7)):
        x, y, reach = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(0.03, 0.13) * size
        if rng.random() < 0.4:
            angle = rng.uniform(0, math.pi)
            along = 3 * reach * np.array([math.cos(angle), math.sin(angle)])
            across = 0.2 * along[::-1] * [-1, 1]
            outline = np.stack([along, across, -along, -across]) + [x, y]
            color = hsv(rng.uniform(*span), rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.9))
        else:
            _, hue, saturation, value, mark = MARKS[rng.integers(len(MARKS))]
            if rng.random() < 0.4:  # a mark's color in another shape, or its shape in another color, never both
                outline = ellipse(x, y, 0.4 * reach, 1.1 * reach, 10)
                color = hsv(hue + rng.uniform(-8, 8), saturation, value)
            else:
                outline = 0.8 * reach * mark + [x, y]
                color = body_color(rng)
        cv2.fillPoly(image, [fixed_point(outline)], (255 * color).tolist(), cv2.LINE_AA, SUBPIXEL_BITS)
    return image.astype(np.float32) / 255


def body_color(rng: Generator) -> np.ndarray:
    """A dull color, (3,) float32 BGR in [0, 1]; all animals have such colors, whatever their class."""
    return hsv(rng.uniform(0, 360), rng.uniform(0.15, 0.50), rng.uniform(0.25, 0.75))
