"""Hills and basins: the building blocks of the connected components of a gray image at all levels.

A *hill* is a piece of a row that rises and then falls. A row of a smooth map has a few hills instead of hundreds of
pixels. A *basin* is a set of hills, each of which touches, at its top, a hill of the set that reaches higher, so the
part of a basin above any level is connected. All functions are compiled; images are uint8, C-contiguous.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sltnet_mm.evaluation.component_tree.compiled import compiled

LEVELS = 256
"""Gray levels of uint8."""


class Hills(NamedTuple):
    """The hills of an image in raster order, n in number.

    Args:
        first: (H + 1,) index of the first hill of each row; n at the end.
        start: (n,) first column.
        end: (n,) last column + 1; the next hill of the row starts there, with a higher pixel than the last of this one.
        peak_start: (n,) first column of the plateau at the top.
        peak_end: (n,) last column + 1 of that plateau.
        top: (n,) value of that plateau.
    """

    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    peak_start: np.ndarray
    peak_end: np.ndarray
    top: np.ndarray


@compiled
def split_rows(image: np.ndarray) -> Hills:
    """Split the rows of an image (H, W) into :class:`Hills`."""
    height, width = image.shape
    capacity = height * (width // 2 + 1)
    first = np.empty(height + 1, np.int32)
    start, end, peak_start, peak_end = (
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
    )
    top = np.empty(capacity, np.uint8)
    n = 0
    for y in range(height):
        row = image[y]
        first[y] = n
        x = 0
        while x < width:
            start[n] = x
            value = row[x]
            x += 1
            while x < width and row[x] >= value:
                value = row[x]
                x += 1
            peak = x - 1
            top[n], peak_end[n] = value, x
            while peak > start[n] and row[peak - 1] == top[n]:
                peak -= 1
            peak_start[n] = peak
            while x < width and row[x] <= value:
                value = row[x]
                x += 1
            end[n] = x
            n += 1
    first[height] = n
    return Hills(first, start[:n], end[:n], peak_start[:n], peak_end[:n], top[:n])


@compiled
def link_hills(image: np.ndarray, hills: Hills, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the basin of every hill.

    A hill is linked to a hill that its top touches and that has a higher pixel, or an equally high one in the row
    above. Links lead to ever higher or earlier hills, so they form no cycle.

    Args:
        image: (H, W).
        hills: The hills of the image.
        reach: 1 if diagonal neighbors touch (8-connected), 0 if not (4-connected).

    Returns:
        Basin (n,) of each hill, and roots (number of basins,), the highest hill of each basin.
    """
    height, width = image.shape
    parent = np.arange(len(hills.top)).astype(np.int32)
    for y in range(height):
        for step in (-1, 1):
            neighbor = y + step
            if neighbor < 0 or neighbor >= height:
                continue
            row, other = image[neighbor], hills.first[neighbor]
            for h in range(hills.first[y], hills.first[y + 1]):
                if parent[h] != h:
                    continue
                enough = np.int64(hills.top[h]) + (step > 0)  # below: strictly higher
                for x in range(max(hills.peak_start[h] - reach, 0), min(hills.peak_end[h] + reach, width)):
                    if row[x] >= enough:
                        while hills.end[other] <= x:
                            other += 1
                        while hills.start[other] > x:
                            other -= 1
                        parent[h] = other
                        break
    roots = np.empty(len(parent), np.int32)
    number = 0
    basin = np.full(len(parent), -1, np.int32)
    for h in range(len(parent)):
        if parent[h] == h:
            roots[number], basin[h] = h, number
            number += 1
    for h in range(len(parent)):
        root = h
        while basin[root] < 0:
            root = parent[root]
        walker = h
        while basin[walker] < 0:
            basin[walker] = basin[root]
            walker = parent[walker]
    return basin, roots[:number]
