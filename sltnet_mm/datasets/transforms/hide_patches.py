"""Hide-and-Seek: cells of the training image are hidden at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from sltnet_mm.functional.hiding import hide_patches
from sltnet_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class HidePatches(BaseTransform):
    """Hide each cell of a grid with a probability (Singh and Lee, *Hide-and-Seek*, ICCV 2017), for training.

    Put it behind ``ResizeCrop``, which gives the final size. Cells are drawn anew for every image. Random numbers come
    from numpy's global generator, as in mmcv. A call reads and changes ``img``; boxes do not move.

    Args:
        grid_size: Side of a cell in pixels, or several, of which one is drawn for each image; 0 hides nothing. 32 is
            HaS-32; the authors' mixture is (0, 16, 32, 44, 56).
        hide_prob: Probability in [0, 1] of each cell to be hidden.
        fill: Value of hidden pixels, one per channel in the order of the loaded image (BGR). The default is ImageNet's
            mean color, which the preprocessor turns to 0.

    Raises:
        ValueError: If a cell is negative, no cell is given, or the probability is out of range.

    Example:
        >>> np.random.seed(0)
        >>> image = HidePatches(4, fill=(7, 8, 9))(dict(img=np.zeros((8, 8, 3), np.uint8)))['img']
        >>> sorted({tuple(pixel) for pixel in image.reshape(-1, 3).tolist()})
        [(0, 0, 0), (7, 8, 9)]
    """

    def __init__(
        self,
        grid_size: int | Sequence[int] = 32,
        hide_prob: float = 0.5,
        fill: Sequence[float] = (103.53, 116.28, 123.675),
    ) -> None:
        self.grid_sizes = (grid_size,) if isinstance(grid_size, int) else tuple(grid_size)
        if not self.grid_sizes or any(isinstance(s, bool) or int(s) != s or s < 0 for s in self.grid_sizes):
            raise ValueError(f'HidePatches: grid_size must be pixels, at least 0 (no hiding), got {grid_size!r}')
        if not 0 <= hide_prob <= 1:
            raise ValueError(f'HidePatches: hide_prob must be in [0, 1], got {hide_prob}')
        self.hide_prob = hide_prob
        self.fill = tuple(fill)

    @cache_randomness
    def _draw(self) -> tuple[int, int]:
        """The cell's size, and a seed for the cells."""
        return int(np.random.choice(self.grid_sizes)), int(np.random.randint(2**31))

    def transform(self, results: dict) -> dict:
        """Hide cells of the image of one sample's results."""
        size, seed = self._draw()
        image = results['img']
        if not size:
            return results
        height, width = image.shape[:2]
        kept = hide_patches(torch.ones(1, 1, height, width), size, self.hide_prob, torch.Generator().manual_seed(seed))
        fill = np.round(self.fill) if np.issubdtype(image.dtype, np.integer) else np.asarray(self.fill)
        results['img'] = np.where(kept[0, 0, :, :, None].numpy() > 0, image, fill.astype(image.dtype))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(grid_size={self.grid_sizes}, hide_prob={self.hide_prob}, fill={self.fill})'
