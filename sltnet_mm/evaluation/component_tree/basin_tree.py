"""The connected components of a gray image at all levels: where basins touch, and in which order they merge.

Two basins (see ``hills``) are connected above a level exactly if a chain of neighboring basins touch above it.
Kruskal's algorithm gives the levels at which they merge. All functions are compiled; images are uint8, C-contiguous.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sltnet_mm.evaluation.component_tree.compiled import compiled
from sltnet_mm.evaluation.component_tree.hills import LEVELS, Hills, link_hills, split_rows

OUTSIDE = 256
"""Value of the frame around an image: above every pixel."""


class Merges(NamedTuple):
    """How basins merge as the level falls; sorted from high to low.

    Args:
        level: (m,) the two are connected in the foreground ``> T`` if ``T < level``.
        kept: (m,) the basin that represents both from then on.
        absorbed: (m,) the other basin.
    """

    level: np.ndarray
    kept: np.ndarray
    absorbed: np.ndarray


class BasinTree(NamedTuple):
    """All components of an image at all levels.

    Args:
        hills: Pieces of the rows.
        basin: (n,) the basin of each hill.
        roots: (b,) the highest hill of each basin.
        top: (b,) int16, the value of that hill; with a frame, one more entry for it, :data:`OUTSIDE`.
        merges: How basins merge. The frame always represents what merges with it.
    """

    hills: Hills
    basin: np.ndarray
    roots: np.ndarray
    top: np.ndarray
    merges: Merges


@compiled
def _contact(
    upper: np.ndarray, lower: np.ndarray, start_a: int, end_a: int, start_b: int, end_b: int, reach: int
) -> np.uint8:
    """The highest level above which two pieces of neighboring rows touch.

    It is the maximum, over touching pixels of ``upper[start_a:end_a]`` and ``lower[start_b:end_b]``, of the smaller
    value.
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
def basin_contacts(
    image: np.ndarray, hills: Hills, basin: np.ndarray, reach: int, frame: int
) -> tuple[np.ndarray, np.ndarray]:
    """List where basins touch.

    Args:
        image: (H, W).
        hills: The hills of the image.
        basin: (n,) basin of each hill.
        reach: 1 for 8-connected, 0 for 4-connected.
        frame: Index of the basin that surrounds the image and touches its border at every level, or -1 for none.

    Returns:
        Levels (e,) uint8, and pairs of basins (e, 2); a pair may be listed several times.
    """
    height, width = image.shape
    # Rows of a and b hills touch in fewer than 2 (a + b) pairs, diagonal ones included; in addition, one pair per hill
    # with the next hill of its row, and the border.
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
def falling_order(level: np.ndarray) -> np.ndarray:
    """The indices (n,) that sort uint8 values (n,) from high to low; a stable counting sort."""
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
def find(parent: np.ndarray, node: int) -> int:
    """The representative of a node in a union-find forest; shortens the path to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def merge_basins(top: np.ndarray, level: np.ndarray, pair: np.ndarray) -> Merges:
    """Merge basins along their contacts, from high to low (Kruskal).

    Args:
        top: (b,) highest value of each basin; the higher basin represents both.
        level: (e,) levels of the contacts.
        pair: (e, 2) their basins.

    Returns:
        :class:`Merges`; b - 1 of them if all basins are connected.
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


@compiled
def basin_tree(image: np.ndarray, reach: int, framed: bool) -> BasinTree:
    """The :class:`BasinTree` of an image.

    Args:
        image: (H, W) uint8, C-contiguous.
        reach: 1 for 8-connected, 0 for 4-connected.
        framed: Whether a frame surrounds the image that belongs to the foreground at every level.
    """
    hills = split_rows(image)
    basin, roots = link_hills(image, hills, reach)
    number = len(roots)
    top = np.full(number + framed, OUTSIDE, np.int16)
    top[:number] = hills.top[roots]
    level, pair = basin_contacts(image, hills, basin, reach, number if framed else -1)
    return BasinTree(hills, basin, roots, top, merge_basins(top, level, pair))
