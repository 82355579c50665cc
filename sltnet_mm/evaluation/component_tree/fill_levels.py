"""Gray-level hole filling: at every level at once, holes of the foreground become foreground."""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.component_tree.basin_tree import BasinTree, basin_tree
from sltnet_mm.evaluation.component_tree.compiled import compiled


def fill_levels(image: np.ndarray) -> np.ndarray:
    """The image F whose foreground ``F > T`` is that of ``image > T`` with its holes filled, for every T.

    A hole is background from which no 4-connected path of background leads out of the image. F at a pixel is the lowest
    possible maximum along a 4-connected path from the pixel out of the image, its own value included.

    Args:
        image: (H, W) uint8, C-contiguous.

    Returns:
        (H, W) uint8.

    Example:
        >>> fill_levels(np.array([[5, 5, 5], [5, 1, 4], [5, 5, 5]], np.uint8))
        array([[5, 5, 5],
               [5, 4, 4],
               [5, 5, 5]], dtype=uint8)
    """
    return _raise_holes(image, basin_tree(255 - image, 0, True))


@compiled
def _raise_holes(image: np.ndarray, inverted: BasinTree) -> np.ndarray:
    """Fill the holes, given the tree of the inverted image, 4-connected and framed."""
    hills, basin, merges = inverted.hills, inverted.basin, inverted.merges
    way_out = inverted.top.copy()  # for each basin, the inverted level below which it is connected to the frame
    # Backwards: the way out of a basin leads through the one that absorbed it, which is then already known.
    for index in range(len(merges.level) - 1, -1, -1):
        way_out[merges.absorbed[index]] = min(merges.level[index], way_out[merges.kept[index]])
    filled = image.copy()
    for y in range(len(image)):
        for h in range(hills.first[y], hills.first[y + 1]):
            if way_out[basin[h]] < hills.top[h]:
                lowest = np.uint8(255 - way_out[basin[h]])
                row = filled[y, hills.start[h] : hills.end[h]]
                for x in range(len(row)):
                    row[x] = max(row[x], lowest)
    return filled
