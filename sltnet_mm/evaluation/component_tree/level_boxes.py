"""The box of the component with the largest contour at every level of a gray image, in one pass over the levels."""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.component_tree.basin_tree import BasinTree, basin_tree, falling_order, find
from sltnet_mm.evaluation.component_tree.compiled import compiled
from sltnet_mm.evaluation.component_tree.component_growth import Growth, absorb, grow_box, remove, start_growth
from sltnet_mm.evaluation.component_tree.fill_levels import fill_levels
from sltnet_mm.evaluation.component_tree.hills import LEVELS, Hills


@compiled
def area_gains(image: np.ndarray, hills: Hills, basin: np.ndarray, number: int, lowest: int) -> np.ndarray:
    """The growth of a basin's doubled contour area at each level.

    OpenCV's contourArea of a component without holes is the area of the polygon through the centers of its border
    pixels: every 2 x 2 square of pixels counts 1 if all four belong to the component and 1/2 if three do. So a square
    adds 1 to the doubled area at its second lowest value and 1 at its lowest.

    Args:
        image: (H, W) without holes at any level.
        hills: The hills of the image.
        basin: (n,) basin of each hill.
        number: Number of basins.
        lowest: Gains at lower levels are left out.

    Returns:
        (number, 256) int32: gain of each basin when the foreground changes from ``> v`` to ``>= v``.
    """
    height, width = image.shape
    gains = np.zeros((number, LEVELS), np.int32)
    second, least = np.empty(width, np.uint8), np.empty(width, np.uint8)
    for y in range(height - 1):
        a, b, c, d = image[y, : width - 1], image[y, 1:], image[y + 1, : width - 1], image[y + 1, 1:]
        for x in range(len(a)):
            low_upper, high_upper = min(a[x], b[x]), max(a[x], b[x])
            low_lower, high_lower = min(c[x], d[x]), max(c[x], d[x])
            least[x] = min(low_upper, low_lower)
            second[x] = min(max(low_upper, low_lower), min(high_upper, high_lower))
        for h in range(hills.first[y], hills.first[y + 1]):
            # The higher of a square's upper two pixels is never its only lowest one, so the square belongs to that
            # pixel's basin; where two hills meet, that is the right one.
            gain = gains[basin[h]]
            for x in range(max(hills.start[h] - 1, 0), hills.end[h] - 1):
                if second[x] >= lowest:
                    gain[second[x]] += 1
                    gain[least[x]] += 1
    return gains


@compiled
def first_column(
    image: np.ndarray, hills: Hills, basin: np.ndarray, parent: np.ndarray, component: int, y: int, level: int
) -> int:
    """The leftmost column of a component in row ``y`` above the level."""
    for h in range(hills.first[y], hills.first[y + 1]):
        if hills.top[h] > level and find(parent, basin[h]) == component:
            x = hills.start[h]
            while image[y, x] <= level:
                x += 1
            return x
    return -1


def largest_contour_boxes(image: np.ndarray) -> np.ndarray:
    """The box of the component with the largest contour area, at every level.

    If areas are equal (lines and dots have area 0), the component whose first pixel comes last in raster order counts:
    it is the first in OpenCV's list.

    Args:
        image: (H, W) uint8, C-contiguous.

    Returns:
        (image.max(), 4) int32 xyxy, ends exclusive; row T is for the foreground ``image > T``.

    Example:
        >>> largest_contour_boxes(np.array([[0, 2, 1], [0, 0, 0]], np.uint8)).tolist()
        [[1, 0, 3, 1], [1, 0, 2, 1]]
    """
    image = fill_levels(image)
    return _largest_boxes(image, basin_tree(image, 1, False))


@compiled
def _largest_boxes(image: np.ndarray, tree: BasinTree) -> np.ndarray:
    """The boxes of an image without holes, from the highest level to the lowest."""
    hills, basin, roots, top, merges = tree
    # below the last merge there is only one component: its area is not needed
    gains = area_gains(image, hills, basin, len(roots), merges.level[-1] if len(merges.level) else LEVELS)
    growth = start_growth(image, tree)
    area = np.zeros(len(roots), np.int64)
    by_top = falling_order(hills.top[roots])
    count, woken, merged = 0, 0, 0
    boxes = np.empty((np.int64(image.max()), 4), np.int32)
    for T in range(len(boxes) - 1, -1, -1):
        while woken < len(roots) and top[by_top[woken]] > T:
            component = by_top[woken]
            growth.alive[count], growth.slot[component] = component, count
            count, woken = count + 1, woken + 1
        while merged < len(merges.level) and merges.level[merged] > T:
            kept, absorbed = merges.kept[merged], merges.absorbed[merged]
            absorb(growth, kept, absorbed)
            area[kept] += area[absorbed]
            for v in range(T + 2):
                gains[kept, v] += gains[absorbed, v]
            count, merged = remove(growth, count, absorbed), merged + 1
        best = growth.alive[0]
        for index in range(count):
            component = growth.alive[index]
            area[component] += gains[component, T + 1]
        for index in range(1, count):
            component = growth.alive[index]
            if area[component] > area[best] or (
                area[component] == area[best] and _later(image, hills, basin, growth, component, best, T)
            ):
                best = component
        grow_box(growth, best, T)
        boxes[T] = growth.box[best]
    return boxes


@compiled
def _later(
    image: np.ndarray, hills: Hills, basin: np.ndarray, growth: Growth, component: int, best: int, level: int
) -> bool:
    """Whether a component's first pixel in raster order comes after that of the best one."""
    grow_box(growth, component, level)
    grow_box(growth, best, level)
    ours, other = growth.box[component, 1], growth.box[best, 1]
    if ours != other:
        return ours > other
    return first_column(image, hills, basin, growth.parent, component, ours, level) > first_column(
        image, hills, basin, growth.parent, best, ours, level
    )
