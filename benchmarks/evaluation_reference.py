"""Score maps for timing evaluators, and plain evaluators to compare with, written from wsolevaluation's definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

THRESHOLDS = np.arange(0, 1, 0.001)
SIDE = 224


def realistic_map(rng: np.random.Generator) -> np.ndarray:
    """One to three blobs plus noise on 7, 14 or 28 cells per side, resized to 224 x 224 (cubic or linear), min-max."""
    return finish(coarse_map(rng), rng.choice([cv2.INTER_CUBIC, cv2.INTER_LINEAR]))


def coarse_map(rng: np.random.Generator) -> np.ndarray:
    """One to three blobs plus noise on 7, 14 or 28 cells per side."""
    cells = int(rng.choice([7, 14, 28]))
    y, x = np.mgrid[:cells, :cells] / cells
    coarse = rng.normal(0, 0.05, (cells, cells))
    for _ in range(rng.integers(1, 4)):
        (cx, cy), (sx, sy) = rng.uniform(0.2, 0.8, 2), rng.uniform(0.08, 0.3, 2)
        coarse += rng.uniform(0.4, 1) * np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2)
    return coarse


def finish(coarse: np.ndarray, interpolation: int = cv2.INTER_CUBIC) -> np.ndarray:
    """A coarse map resized to 224 x 224 and min-max normalized."""
    score_map = cv2.resize(coarse, (SIDE, SIDE), interpolation=int(interpolation))
    return (score_map - score_map.min()) / (score_map.max() - score_map.min())


def hard_maps(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Maps that no network would produce; the plain loop takes seconds on some."""
    y, x = np.mgrid[:SIDE, :SIDE]
    noise = rng.random((SIDE, SIDE))
    return {
        'noise': noise,
        'smooth noise': finish(rng.random((56, 56))),
        'binary noise': (noise < 0.5) * 1.0,
        'checkerboard': (x + y) % 2 * 1.0,
        'checkered ramp': (x + y) % 2 * (x + 1) / SIDE,
        'rings': (np.sin(np.hypot(x - SIDE / 2, y - SIDE / 2)) + 1) / 2,
        'steps': np.floor(np.hypot(x - SIDE / 2, y - SIDE / 2) / 8) / 20,
        'constant': np.ones((SIDE, SIDE)),
        'single pixel': (x + y == 0) * 1.0,
    }


def random_gt_box(rng: np.random.Generator) -> np.ndarray:
    """A random ground-truth box (1, 4)."""
    x0, y0 = rng.integers(0, 100, 2)
    return np.array([[x0, y0, x0 + rng.integers(40, 120), y0 + rng.integers(40, 120)]])


def plain_loop(score_map: np.ndarray, gt_boxes: np.ndarray, every_contour: bool) -> np.ndarray:
    """IoU at 1000 thresholds: one mask and one findContours call per threshold, one vectorized IoU for all boxes."""
    gray = (score_map * 255).astype(np.uint8)
    return _loop(gray, [int(threshold * np.max(gray)) for threshold in THRESHOLDS], gt_boxes, every_contour)


def distinct_loop(score_map: np.ndarray, gt_boxes: np.ndarray, every_contour: bool) -> np.ndarray:
    """The same as ``plain_loop``, but with each distinct gray level only once."""
    gray = (score_map * 255).astype(np.uint8)
    levels, index = np.unique((THRESHOLDS * float(gray.max())).astype(int), return_inverse=True)
    return _loop(gray, levels.tolist(), gt_boxes, every_contour)[index]


def _loop(gray: np.ndarray, levels: Sequence[int], gt_boxes: np.ndarray, every_contour: bool) -> np.ndarray:
    boxes, counts, largest = [], [], SIDE - 1
    for level in levels:
        _, mask = cv2.threshold(gray, level, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        if not every_contour and contours:
            contours = [max(contours, key=cv2.contourArea)]
        for x, y, w, h in map(cv2.boundingRect, contours):
            boxes.append((x, y, min(x + w, largest), min(y + h, largest)))
        if not contours:
            boxes.append((0, 0, 0, 0))
        counts.append(max(len(contours), 1))
    ious = _ious(np.array(boxes), gt_boxes).max(1)
    return np.maximum.reduceat(ious, np.cumsum([0, *counts[:-1]]))


def _ious(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]) + 1
    intersection = np.maximum(sides, 0).prod(-1)
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2] + 1).prod(-1) for boxes in (a, b))
    return intersection / (area_a[:, None] + area_b[None] - intersection)


def accumulate(ious: Callable[[], np.ndarray], correct: np.ndarray) -> np.ndarray:
    """Add one image to the counts (3, 1000) at IoU 0.3, 0.5 and 0.7; the result is its IoUs."""
    found = ious()
    for row, level in zip(correct, (0.3, 0.5, 0.7), strict=True):
        row += found >= level
    return found
