"""Grids of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sltnet_mm.visualization.captions import Line, add_caption


def picture_grid(
    rows: Sequence[Sequence[tuple[np.ndarray, Sequence[Line]]]],
    gap: int = 8,
    font_size: int = 13,
    font_file: str | None = None,
) -> np.ndarray:
    """A grid of pictures with captions on a white background.

    Args:
        rows: Rows of pairs (image H x W x 3 uint8 RGB, lines of its caption as in :func:`add_caption`). Sizes may
            differ: a column is as wide as its widest picture, a row as high as its highest; pictures are aligned at
            the upper left.
        gap: Pixels between and around pictures. Defaults to 8.
        font_size: Font size of the captions in pixels. Defaults to 13.
        font_file: Font file of the captions. Defaults to None.

    Returns:
        H x W x 3 uint8 RGB.

    Raises:
        ValueError: If there are no rows, or a row is empty.

    Example:
        >>> tile = np.zeros((30, 40, 3), np.uint8)
        >>> picture_grid([[(tile, []), (tile, [])], [(tile, [])]], gap=10).shape
        (90, 110, 3)
    """
    if not rows or not all(len(row) for row in rows):
        raise ValueError(
            f'picture_grid: rows must have at least one row with a picture in each row, got row lengths '
            f'{[len(row) for row in rows]}'
        )
    tiles = [[add_caption(image, lines, font_size, font_file) for image, lines in row] for row in rows]
    heights = [max(tile.shape[0] for tile in row) for row in tiles]
    widths = [max(row[i].shape[1] for row in tiles if i < len(row)) for i in range(max(map(len, tiles)))]
    grid = np.full((sum(heights) + gap * (len(heights) + 1), sum(widths) + gap * (len(widths) + 1), 3), 255, np.uint8)
    top = gap
    for row, height in zip(tiles, heights, strict=True):
        left = gap
        for tile, width in zip(row, widths, strict=False):
            grid[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
            left += width + gap
        top += height + gap
    return grid
