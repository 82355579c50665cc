"""Grey hole filling: at every level at once, the holes of the foreground become foreground."""

import numpy as np

from sltnet_mm.functional.compiled import compiled
from sltnet_mm.functional.hills import basin_contacts, link_hills, merge_basins, split_rows

OUTSIDE = 256
"""Value of the frame around the inverted image: above every pixel, so that it is background at every level and stands
for what joins it.
"""


@compiled
def fill_levels(image):
    """Return F with ``F > T`` = foreground ``image > T`` with its holes filled, for every T.

    A hole is background that no 4-connected way of background leads out of. F is the lowest possible maximum on a
    4-connected way from the pixel out of the image, its own value included.

    Args:
        image: (H, W) uint8, C-contiguous.

    Returns:
        (H, W) uint8.
    """
    inverted = np.uint8(255) - image
    hills = split_rows(inverted)
    basin, roots = link_hills(inverted, hills, 0)
    frame = len(roots)
    level, pair = basin_contacts(inverted, hills, basin, 0, frame)
    top = np.full(frame + 1, OUTSIDE, np.int16)
    top[:frame] = hills.top[roots]
    way_out = _levels_to_frame(top, level, pair)
    filled = image.copy()
    for y in range(len(image)):
        for h in range(hills.first[y], hills.first[y + 1]):
            if way_out[basin[h]] < hills.top[h]:
                lowest = np.uint8(255 - way_out[basin[h]])
                row = filled[y, hills.start[h] : hills.end[h]]
                for x in range(len(row)):
                    row[x] = max(row[x], lowest)
    return filled


@compiled
def _levels_to_frame(top, level, pair):
    """Return for each basin the level below which it is connected to the frame, the last basin."""
    merges = merge_basins(top, level, pair)
    way_out = top.copy()
    # Backwards: when a basin's turn comes, the one that absorbed it is known, and the way out leads through that one.
    for index in range(len(merges.level) - 1, -1, -1):
        way_out[merges.absorbed[index]] = min(merges.level[index], way_out[merges.kept[index]])
    return way_out
