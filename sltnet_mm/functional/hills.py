"""The connected components of a grey image at all its levels at once: rows are split into hills, hills linked to
basins, basins merged.

A *hill* is a piece of a row that rises and then falls; a few make up a row of a smooth map, instead of its hundreds of
pixels. A *basin* is a set of hills of which each touches, at its top, a hill that reaches higher: so what lies above
any level in one basin is connected. Two basins are connected above a level exactly if a chain of neighbouring basins
touch above it; Kruskal's algorithm gives the levels at which they join. All functions are compiled; images are uint8,
C-contiguous.
"""

from typing import NamedTuple

import numpy as np

from sltnet_mm.functional.compiled import compiled

LEVELS = 256
"""Grey levels of uint8."""


class Hills(NamedTuple):
    """Pieces of the rows, from the first row's left to the last row's right; n hills.

    Args:
        first: (H + 1,) index of each row's first hill; n at the end.
        start: (n,) first column.
        end: (n,) last column + 1; the next hill of the row starts there, with a higher pixel than the last one.
        peak_start: (n,) first column of the plateau on top.
        peak_end: (n,) its last column + 1.
        top: (n,) value there.
    """

    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    peak_start: np.ndarray
    peak_end: np.ndarray
    top: np.ndarray


class Merges(NamedTuple):
    """How basins become one as the level sinks; sorted by falling level.

    Args:
        level: (m,) the two are connected where the foreground is ``> T`` with ``T < level``.
        kept: (m,) the basin that stands for both from then on.
        absorbed: (m,) the other.
    """

    level: np.ndarray
    kept: np.ndarray
    absorbed: np.ndarray


@compiled
def split_rows(image):
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
            x += 1
            while x < width and row[x] >= row[x - 1]:
                x += 1
            peak = x - 1
            top[n], peak_end[n] = row[peak], x
            while peak > start[n] and row[peak - 1] == top[n]:
                peak -= 1
            peak_start[n] = peak
            while x < width and row[x] <= row[x - 1]:
                x += 1
            end[n] = x
            n += 1
    first[height] = n
    return Hills(first, start[:n], end[:n], peak_start[:n], peak_end[:n], top[:n])


@compiled
def link_hills(image, hills, reach):
    """Find the basin of every hill.

    A hill is linked to one that its top touches and that holds a higher pixel, or one as high in the row above: links
    lead to ever higher or earlier hills, hence to no circle.

    Args:
        image: (H, W).
        hills: Its hills.
        reach: Diagonal neighbours touch (1, 8-connected) or not (0, 4-connected).

    Returns:
        basin (n,) of each hill, and roots (number of basins,): each basin's highest hill.
    """
    height, width = image.shape
    parent = np.arange(len(hills.top)).astype(np.int32)
    for y in range(height):
        for step in (-1, 1):
            neighbour = y + step
            if neighbour < 0 or neighbour >= height:
                continue
            row, other = image[neighbour], hills.first[neighbour]
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


@compiled
def _contact(upper, lower, start_a, end_a, start_b, end_b, reach):
    """Highest level above which a pixel of ``upper[start_a:end_a]`` touches one of ``lower[start_b:end_b]``: max of the
    pairs' minima.
    """
    best = np.uint8(0)
    for shift in range(-reach, reach + 1):
        begin, stop = max(start_a, start_b - shift), min(end_a, end_b - shift)
        if stop > begin:
            a, b = upper[begin:stop], lower[begin + shift : stop + shift]
            for x in range(len(a)):
                best = max(best, min(a[x], b[x]))
    return best


@compiled
def basin_contacts(image, hills, basin, reach, frame):
    """List where basins touch.

    Args:
        image: (H, W).
        hills: Its hills.
        basin: (n,) basin of each hill.
        reach: 1: 8-connected, 0: 4-connected.
        frame: Number of the basin that surrounds the image and touches its border at every level, or -1 for none.

    Returns:
        level (e,) uint8, and the pair (e, 2) of basins; a pair may be listed many times.
    """
    height, width = image.shape
    # partitions of a row into a and b pieces meet in fewer than 2 (a + b) pairs, diagonal ones included; then a pair a
    # hill beside it, and the border
    capacity = 5 * len(basin) + 2 * (height + width) + 4
    level, pair = np.empty(capacity, np.uint8), np.empty((capacity, 2), np.int32)
    n = 0
    for y in range(height):
        low = hills.first[y + 1]
        for a in range(hills.first[y], hills.first[y + 1]):
            if a + 1 < hills.first[y + 1] and basin[a] != basin[a + 1]:
                level[n], pair[n, 0], pair[n, 1] = image[y, hills.end[a] - 1], basin[a], basin[a + 1]
                n += 1
            if y + 1 < height:
                stop = hills.first[y + 2]
                while hills.end[low] <= hills.start[a] - reach:
                    low += 1
                b = low
                while b < stop and hills.start[b] < hills.end[a] + reach:
                    if basin[a] != basin[b]:
                        level[n] = _contact(
                            image[y], image[y + 1], hills.start[a], hills.end[a], hills.start[b], hills.end[b], reach
                        )
                        pair[n, 0], pair[n, 1] = basin[a], basin[b]
                        n += 1
                    b += 1
            if frame >= 0 and (y == 0 or y == height - 1):
                level[n], pair[n, 0], pair[n, 1] = hills.top[a], basin[a], frame
                n += 1
        if frame >= 0:
            for side in range(2):
                h = hills.first[y + side] - side
                level[n], pair[n, 0], pair[n, 1] = image[y, side * (width - 1)], basin[h], frame
                n += 1
    return level[:n], pair[:n]


@compiled
def falling_order(level):
    """Return the indices (n,) that sort uint8 values (n,) from high to low, stable: a counting sort."""
    place = np.zeros(LEVELS + 1, np.int64)
    for value in level:
        place[LEVELS - 1 - value + 1] += 1
    for index in range(LEVELS):
        place[index + 1] += place[index]
    order = np.empty(len(level), np.int32)
    for index in range(len(level)):
        slot = LEVELS - 1 - level[index]
        order[place[slot]] = index
        place[slot] += 1
    return order


@compiled
def find(parent, node):
    """Return the representative of a node, shortening the way to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def merge_basins(top, level, pair):
    """Join basins along their contacts from high to low (Kruskal).

    Args:
        top: (b,) highest value of each basin; the higher one stands for both.
        level: (e,) contacts' levels.
        pair: (e, 2) their basins.

    Returns:
        :class:`Merges`, b - 1 of them where all basins are connected.
    """
    parent = np.arange(len(top)).astype(np.int32)
    levels, kept, absorbed = np.empty(len(top), np.uint8), np.empty(len(top), np.int32), np.empty(len(top), np.int32)
    n = 0
    for edge in falling_order(level):
        a, b = find(parent, pair[edge, 0]), find(parent, pair[edge, 1])
        if a != b:
            if top[b] > top[a]:
                a, b = b, a
            parent[b] = a
            levels[n], kept[n], absorbed[n] = level[edge], a, b
            n += 1
    return Merges(levels[:n], kept[:n], absorbed[:n])
