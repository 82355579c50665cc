"""Placement of the object: crop of the background, and pose, size and position of the cut-out."""

from __future__ import annotations

import math

import cv2
import numpy as np

MAX_UPSCALE = 1.8  # largest magnification of a cut-out at 256 pixels; with more it looks blurred


def background_crop(rng: np.random.Generator, photograph: np.ndarray, size: int) -> np.ndarray:
    """A random square crop of the photograph, possibly mirrored, size x size x 3 float32 in [0, 1]."""
    height, width = photograph.shape[:2]
    short = min(height, width)
    side = int(round(short * rng.uniform(max(0.35, min(1, 0.8 * size / short)), 1)))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    crop = photograph[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    crop = cv2.resize(crop, (size, size), interpolation=how).astype(np.float32) / 255
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(np.clip(crop, 0, 1))


def place_object(
    rng: np.random.Generator, cutout: tuple[np.ndarray, np.ndarray], size: int, rotation: float, grounded: bool
) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """The placed cut-out: premultiplied colors, alpha, its scale, and whether the border cuts it."""
    color, alpha = cutout
    if rng.random() < 0.5:
        color, alpha = color[:, ::-1], alpha[:, ::-1]
    height, width = alpha.shape
    pose = _random_pose(rng, width, height, rotation)
    outline = cv2.perspectiveTransform(_hull(alpha), pose).reshape(-1, 2)
    extent = np.array([np.ptp(outline[:, 0]) + 1, np.ptp(outline[:, 1]) + 1])
    scale, x, y, cut = _random_place(rng, extent, size, grounded)

    # Shrink with area averaging first, so that warping does not alias.
    small_w, small_h = width, height
    if scale < 1:
        small_w, small_h = max(2, round(width * scale)), max(2, round(height * scale))
        color = cv2.resize(color, (small_w, small_h), interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, (small_w, small_h), interpolation=cv2.INTER_AREA)
    shrink = np.diag([width / small_w, height / small_h, 1.0])
    shift = np.array(
        [[scale, 0, x - scale * outline[:, 0].min()], [0, scale, y - scale * outline[:, 1].min()], [0, 0, 1]]
    )
    matrix = shift @ pose @ shrink
    how = cv2.INTER_LINEAR if scale < 1.05 else cv2.INTER_CUBIC
    color = cv2.warpPerspective(np.ascontiguousarray(color), matrix, (size, size), flags=how)
    alpha = cv2.warpPerspective(np.ascontiguousarray(alpha), matrix, (size, size), flags=how)
    return np.clip(color, 0, 1), np.clip(alpha, 0, 1), scale, cut


def _random_pose(rng: np.random.Generator, width: int, height: int, rotation: float) -> np.ndarray:
    """The 3 x 3 matrix of a random tilt, stretch, shear and slight perspective about the cut-out's center."""
    angle = math.radians(float(np.clip(rng.normal(0, rotation / 2), -rotation, rotation)))
    stretch, shear = math.exp(rng.uniform(-0.1, 0.1)), rng.uniform(-0.08, 0.08)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = turn @ np.array([[math.sqrt(stretch), shear], [0, 1 / math.sqrt(stretch)]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    moved = (corners - [width / 2, height / 2]) @ linear.T + rng.uniform(-0.03, 0.03, (4, 2)) * [width, height]
    return cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)).astype(np.float64)


def _hull(alpha: np.ndarray) -> np.ndarray:
    rows, columns = np.where(alpha > 0.5)
    return cv2.convexHull(np.stack([columns, rows], 1).astype(np.int32)).reshape(-1, 1, 2).astype(np.float64)


def _random_place(
    rng: np.random.Generator, extent: np.ndarray, size: int, grounded: bool
) -> tuple[float, float, float, bool]:
    """Scale, left and top of an object of ``extent`` (w, h), and whether it is moved across the border."""
    width, height = extent
    share = rng.uniform(0.10, 0.60)  # box area as a share of the image
    cut = rng.random() < 0.12
    fit = 1.1 if cut else 0.97
    scale = min(
        math.sqrt(share * size * size / (width * height)),
        fit * size / width,
        fit * size / height,
        MAX_UPSCALE * size / 256,
    )
    width, height = width * scale, height * scale
    free_x, free_y = size - width, size - height
    at_x, at_y = rng.random(), rng.random()
    if grounded and rng.random() < 0.5:
        at_y = max(at_y, rng.random())
    x = free_x * at_x if free_x > 0 else free_x / 2
    y = free_y * at_y if free_y > 0 else free_y / 2
    if cut:
        beyond, side = rng.uniform(0.05, 0.20), rng.integers(0, 4 if not grounded else 3)
        if side == 0:
            x = -beyond * width
        elif side == 1:
            x = size - (1 - beyond) * width
        elif side == 2:
            y = size - (1 - beyond) * height
        else:
            y = -beyond * height
    return scale, x, y, bool(cut)
