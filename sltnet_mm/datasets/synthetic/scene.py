"""The geometry of one embedded image: the animal and what occludes it, and from both the exact mask and box."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sltnet_mm.datasets.synthetic.shapes import BODIES, CLASSES, MARKS, Body, ellipse

SPLIT_STREAMS = {'train': 0, 'val': 1, 'test': 2}
SUBPIXEL_BITS = 4  # cv2 draws in fixed point: 1/16 pixel

# Parameters of the geometry.
LENGTHS = (0.30, 0.80)  # longer side of the animal, as a share of the image's side
MAX_TILT = 30.0  # degrees
ASPECT = (0.80, 1.25)  # stretch across the animal's axis
CUT_SHARE = 0.10  # share of images in which the border cuts the animal
OCCLUDED_SHARE = 0.25  # share of images in which something occludes the animal
MIN_VISIBLE = 0.65  # visible share of the animal; with less, the occluder is drawn again
MIN_MARK_VISIBLE = 0.75  # visible share of the mark, without which the class would be ambiguous


@dataclass(frozen=True)
class Scene:
    """The geometry of one image with side S; coverages are S x S float32 in [0, 1].

    Args:
        body: Body of the animal.
        label: Class, 0 to 11.
        trunk: Coverage by the trunk, before occlusion.
        limbs: Coverage by the limbs, before occlusion.
        eyes: Coverage by the eyes, before occlusion.
        mark: Coverage by the mark of the class, before occlusion.
        occluder: Coverage by the occluder.
        to_image: 2 x 3 matrix from object coordinates to pixels.
        length: Length of an object unit in pixels.
    """

    body: Body
    label: int
    trunk: np.ndarray
    limbs: np.ndarray
    eyes: np.ndarray
    mark: np.ndarray
    occluder: np.ndarray
    to_image: np.ndarray
    length: float

    @property
    def mask(self) -> np.ndarray:
        """S x S bool, the pixels more than half covered by the visible animal."""
        animal = np.maximum(np.maximum(self.trunk, self.limbs), self.mark)
        return animal * (1 - self.occluder) > 0.5

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The bounding box of the mask: x1, y1, x2, y2 in pixels, ends exclusive."""
        columns, rows = np.flatnonzero(self.mask.any(axis=0)), np.flatnonzero(self.mask.any(axis=1))
        return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def fill(polygons: tuple[np.ndarray, ...], size: int, to_image: np.ndarray | None = None) -> np.ndarray:
    """Coverage by the union of polygons, antialiased: size x size float32 in [0, 1].

    Args:
        polygons: Corners, n x 2 per polygon, in object coordinates, or in pixels if ``to_image`` is None.
        size: Side of the image in pixels.
        to_image: 2 x 3 matrix from object coordinates to pixels. Defaults to None.

    Example:
        >>> import numpy as np
        >>> square = np.array([[2., 2.], [6., 2.], [6., 6.], [2., 6.]])
        >>> int((fill((square,), 8) > .5).sum())
        25
    """
    canvas = np.zeros((size, size), np.uint8)
    for polygon in polygons:
        points = polygon if to_image is None else polygon @ to_image[:, :2].T + to_image[:, 2]
        cv2.fillPoly(canvas, [fixed_point(points)], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return canvas.astype(np.float32) / 255


def fixed_point(points: np.ndarray) -> np.ndarray:
    """Corners (n x 2, pixels) in cv2's fixed-point int32 with :data:`SUBPIXEL_BITS` fractional bits."""
    return np.round(points * 2**SUBPIXEL_BITS).astype(np.int32)


def make_scene(seed: int, split: str, index: int, label: int, size: int) -> Scene:
    """The geometry of one image; it depends only on the arguments, not on the order of calls.

    Args:
        seed: Seed of the whole data set, at least 0.
        split: 'train', 'val' or 'test'.
        index: Index of the image in its split, at least 0.
        label: Class, 0 to 11.
        size: Side of the image in pixels.

    Raises:
        ValueError: If ``label`` is out of range.

    Example:
        >>> make_scene(seed=0, split='val', index=7, label=4, size=64).box == make_scene(0, 'val', 7, 4, 64).box
        True
    """
    rng = np.random.default_rng([seed, SPLIT_STREAMS[split], index, 0])
    if not 0 <= label < len(CLASSES):
        raise ValueError(f'make_scene: label must be from 0 to {len(CLASSES) - 1}, got {label}')
    body, mark = BODIES[label % len(BODIES)], MARKS[label // len(BODIES)]
    to_image, length = _place(rng, body, size)
    mark_outline = body.mark_radius * rng.uniform(0.85, 1.15) * mark[-1] + np.array(body.mark_at)
    parts = dict(
        trunk=fill(body.trunk, size, to_image),
        limbs=fill(body.limbs, size, to_image),
        eyes=fill(body.eyes, size, to_image),
        mark=fill((mark_outline,), size, to_image),
    )
    occluder = _occlude(rng, parts, size) if rng.random() < OCCLUDED_SHARE else np.zeros((size, size), np.float32)
    return Scene(body=body, label=label, occluder=occluder, to_image=to_image, length=length, **parts)


def _place(rng: np.random.Generator, body: Body, size: int) -> tuple[np.ndarray, float]:
    """Random pose, size and position: the 2 x 3 matrix from object coordinates to pixels, and pixels per unit."""
    tilt = np.deg2rad(rng.uniform(-MAX_TILT, MAX_TILT))
    mirror, aspect = rng.choice([-1.0, 1.0]), rng.uniform(*ASPECT)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    linear = np.diag([mirror, 1.0]) @ turn @ np.diag([1.0, aspect])
    corners = np.concatenate(body.trunk + body.limbs) @ linear.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    longest = rng.uniform(*LENGTHS) * size
    length = longest / (high - low).max()
    room = size - 2 - length * (high - low)
    start = 1 + room * rng.random(2) - length * low
    if rng.random() < CUT_SHARE:
        side = rng.integers(2)
        beyond = rng.uniform(0.05, 0.20) * length * (high - low)[side]
        start[side] = rng.choice([-beyond - length * low[side], size + beyond - length * high[side]])
    return np.concatenate([length * linear, start[:, None]], axis=1), length


def _occlude(rng: np.random.Generator, parts: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Coverage by blades of grass or a blob in front of the animal, redrawn until enough is visible; or zeros."""
    animal = np.maximum(np.maximum(parts['trunk'], parts['limbs']), parts['mark'])
    rows, columns = np.nonzero(animal > 0.5)
    for _ in range(6):  # after 6 attempts nearly every image has its occluder; the time stays bounded
        at = rng.integers(len(rows))
        x, y, reach = columns[at], rows[at], max(np.ptp(rows), np.ptp(columns)) + 1
        if rng.random() < 0.5:
            blades = []
            for _ in range(rng.integers(2, 6)):
                foot, top = x + rng.normal(0, 0.18) * reach, y + rng.normal(0, 0.25) * reach
                lean, width = rng.normal(0, 0.15) * reach, rng.uniform(0.02, 0.05) * reach
                blades.append(np.array([[foot - width, size + 2.0], [foot + width, size + 2.0], [foot + lean, top]]))
            cover = fill(tuple(blades), size)
        else:
            cover = fill((ellipse(x, y, rng.uniform(0.08, 0.20) * reach, rng.uniform(0.08, 0.20) * reach),), size)
        left = 1 - cover
        if (animal * left).sum() >= MIN_VISIBLE * animal.sum() and (
            parts['mark'] * left
        ).sum() >= MIN_MARK_VISIBLE * parts['mark'].sum():
            return cover
    return np.zeros((size, size), np.float32)
