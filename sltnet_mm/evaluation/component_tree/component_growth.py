"""Bounding boxes of the connected components of a gray image, growing while the level falls (see ``hills``).

All functions are compiled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sltnet_mm.evaluation.component_tree.basin_tree import BasinTree
from sltnet_mm.evaluation.component_tree.compiled import compiled
from sltnet_mm.evaluation.component_tree.hills import Hills


class Growth(NamedTuple):
    """The components while the level falls; a component is identified by the basin that represents it.

    Args:
        parent: (b,) union-find over the basins.
        box: (b, 4) x0, y0, x1, y1 so far, ends exclusive.
        columns: (b, W) highest value of each component in each column; a connected set covers an interval of columns.
        rows: (b, H) highest value of each component in each row.
        alive: (b,) the components that exist at the level, the first ``count`` entries.
        slot: (b,) index of a component in ``alive``.
    """

    parent: np.ndarray
    box: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    alive: np.ndarray
    slot: np.ndarray


@compiled
def extent_profiles(image: np.ndarray, hills: Hills, basin: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns (number, W) and rows (number, H) of the basins of an image (H, W); see :class:`Growth`."""
    height, width = image.shape
    columns, rows = np.zeros((number, width), np.uint8), np.zeros((number, height), np.uint8)
    for y in range(height):
        for h in range(hills.first[y], hills.first[y + 1]):
            rows[basin[h], y] = max(rows[basin[h], y], hills.top[h])
            pixels, profile = image[y, hills.start[h] : hills.end[h]], columns[basin[h], hills.start[h] : hills.end[h]]
            for x in range(len(pixels)):
                profile[x] = max(profile[x], pixels[x])
    return columns, rows


@compiled
def start_growth(image: np.ndarray, tree: BasinTree) -> Growth:
    """The :class:`Growth` of all basins, none of them alive yet."""
    hills, number = tree.hills, len(tree.roots)
    columns, rows = extent_profiles(image, hills, tree.basin, number)
    box = np.empty((number, 4), np.int32)
    for index in range(number):
        h = tree.roots[index]
        y = np.searchsorted(hills.first, h, side='right') - 1
        box[index, 0], box[index, 1], box[index, 2], box[index, 3] = hills.peak_start[h], y, hills.peak_end[h], y + 1
    return Growth(
        np.arange(number).astype(np.int32), box, columns, rows, np.empty(number, np.int32), np.empty(number, np.int32)
    )


@compiled
def grow_box(growth: Growth, component: int, level: int) -> bool:
    """Widen the box of a component to what it covers above the level; the result tells whether the box changed."""
    columns, rows, box = growth.columns[component], growth.rows[component], growth.box[component]
    x0, y0, x1, y1 = box
    while x0 > 0 and columns[x0 - 1] > level:
        x0 -= 1
    while x1 < len(columns) and columns[x1] > level:
        x1 += 1
    while y0 > 0 and rows[y0 - 1] > level:
        y0 -= 1
    while y1 < len(rows) and rows[y1] > level:
        y1 += 1
    changed = x0 != box[0] or y0 != box[1] or x1 != box[2] or y1 != box[3]
    box[0], box[1], box[2], box[3] = x0, y0, x1, y1
    return changed


@compiled
def absorb(growth: Growth, kept: int, absorbed: int) -> None:
    """Merge the profiles and boxes of two components; ``absorbed`` leaves the union-find but stays in ``alive``."""
    growth.parent[absorbed] = kept
    for profile in (growth.columns, growth.rows):
        ours, other = profile[kept], profile[absorbed]
        for x in range(len(ours)):
            ours[x] = max(ours[x], other[x])
    for side in range(2):
        growth.box[kept, side] = min(growth.box[kept, side], growth.box[absorbed, side])
        growth.box[kept, side + 2] = max(growth.box[kept, side + 2], growth.box[absorbed, side + 2])


@compiled
def remove(growth: Growth, count: int, component: int) -> int:
    """Remove a component from ``alive``; the result is the new count."""
    last = growth.alive[count - 1]
    growth.alive[growth.slot[component]], growth.slot[last] = last, growth.slot[component]
    return count - 1
