"""Marks of fine-grained classes: a small patch of one color or pattern, fixed to one part of a cut-out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# BGR in [0, 1]
_RED, _YELLOW, _BLUE = (0.1, 0.1, 0.8), (0.1, 0.85, 0.95), (0.8, 0.25, 0.1)
_WHITE, _BLACK = (0.95, 0.95, 0.95), (0.05, 0.05, 0.05)
# The two colors of each pattern, and where the first of them is: x and y in radii from the center of the mark.
_PATTERNS = dict(
    red=(_RED, _RED, lambda x, y: x < 2),
    yellow=(_YELLOW, _YELLOW, lambda x, y: x < 2),
    blue=(_BLUE, _BLUE, lambda x, y: x < 2),
    white=(_WHITE, _WHITE, lambda x, y: x < 2),
    stripes=(_BLACK, _WHITE, lambda x, y: np.sin(1.5 * np.pi * x) > 0),
    ring=(_RED, _WHITE, lambda x, y: np.hypot(x, y) < 0.55),
)
PATTERNS = tuple(_PATTERNS)
"""The names of the patterns."""


@dataclass(frozen=True)
class Mark:
    """A small round patch, fixed to one part of the object.

    Args:
        pattern: One of ``PATTERNS``.
        at: Its center, as fractions of the cut-out's width and height.
        size: Its diameter, as a fraction of the square root of the area of the cut-out's box.
    """

    pattern: str
    at: tuple[float, float]
    size: float


def paint(cutout: tuple[np.ndarray, np.ndarray], mark: Mark) -> tuple[np.ndarray, np.ndarray]:
    """The cut-out with a round mark: its shape and the light and shade of the coat stay as they are.

    Args:
        cutout: Premultiplied BGR and alpha, float32 in [0, 1], cropped to the object.
        mark: The mark.

    Raises:
        ValueError: If the pattern of the mark does not exist, or the object does not cover the mark.
    """
    if mark.pattern not in _PATTERNS:
        raise ValueError(f'the pattern of a mark must be one of {", ".join(PATTERNS)}, got {mark.pattern!r}')
    color, alpha = cutout
    height, width = alpha.shape
    radius = mark.size * np.sqrt(width * height) / 2
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x - mark.at[0] * width) / radius, (y - mark.at[1] * height) / radius
    distance = np.hypot(x, y)
    if alpha[distance < 1].mean() < 0.95:
        raise ValueError(f'the object does not cover a mark of size {mark.size} at {mark.at}. Move it or shrink it')
    first, second, place = _PATTERNS[mark.pattern]
    flat = np.where(place(x, y)[..., None], np.array(first, np.float32), np.array(second, np.float32))
    gray = color.mean(2) / np.maximum(alpha, 1e-3)
    shade = np.clip(gray / (cv2.GaussianBlur(gray, (0, 0), radius) + 0.05), 0.7, 1.2)
    cover = np.clip((1 - distance) * radius / 1.5, 0, 1)[..., None] * 0.95
    painted = np.clip(flat * shade[..., None], 0, 1) * alpha[..., None]
    return (color * (1 - cover) + painted * cover).astype(np.float32), alpha
