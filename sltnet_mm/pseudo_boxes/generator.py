"""Pseudo boxes from class maps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sltnet_mm.functional.boxes import score_map_to_box
from sltnet_mm.functional.cam import average_top_k_maps, to_score_map
from sltnet_mm.registry import TASK_UTILS


@TASK_UTILS.register_module()
class PseudoBoxGenerator:
    """The box of the largest component of a localizer's score map (Sec. 3.2, 3.3).

    The class maps of the top-K classes are averaged (ACAM, eq. 9), resized to the network input, min-max normalized;
    pixels above ``threshold`` times the maximum are foreground; the box is that of the 8-connected component with the
    most pixels. In training it is made as at test.

    Args:
        threshold: Share of the maximum, in [0, 1); 0.2 is the paper's "top 20% values" read as in CAM (Zhou et al.
            2016).
        top_k: K; None leaves it to the owner (SLTNet sets its localizer's).

    Raises:
        ValueError: For values outside the ranges, or a call while ``top_k`` is None.

    Example:
        >>> import torch
        >>> maps = torch.zeros(1, 2, 8, 8)
        >>> maps[0, 1, 2:5, 3:7] = 1
        >>> boxes, score_maps = PseudoBoxGenerator(threshold=0.5, top_k=1)(maps, maps.mean(dim=(2, 3)), size=(8, 8))
        >>> boxes
        tensor([[3., 2., 7., 5.]])
    """

    def __init__(self, threshold: float = 0.2, top_k: int | None = None) -> None:
        if not 0 <= threshold < 1:
            raise ValueError(f'PseudoBoxGenerator: threshold must be in [0, 1), got {threshold}')
        if top_k is not None and top_k < 1:
            raise ValueError(f'PseudoBoxGenerator: top_k must be at least 1, got {top_k}')
        self.threshold = threshold
        self.top_k = top_k

    def __call__(self, maps: Tensor, logits: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Boxes and score maps of a batch, on the maps' device and without a host sync.

        Args:
            maps: Class maps, B x C x h x w.
            logits: B x C; they choose the K classes.
            size: (H, W) of the network input.

        Returns:
            Boxes, B x 4 float xyxy in pixels of the network input, ends exclusive (the whole image where there is no
            foreground: the score map is zero everywhere), and score maps, B x H x W in [0, 1].
        """
        if self.top_k is None:
            raise ValueError(
                'PseudoBoxGenerator: top_k is not set; give PseudoBoxGenerator(top_k=...) the K of the localizer'
            )
        score_maps = to_score_map(average_top_k_maps(maps, logits, self.top_k), size=size)
        return score_map_to_box(score_maps, self.threshold), score_maps

    def from_maps(self, maps: Tensor | np.ndarray, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """The same from one map an image: those of other code, such as Grad-CAM's arrays in [0, 1].

        Args:
            maps: H x W or B x h x w, of any size and range, covering the whole image.
            size: (H, W) of the image in whose pixels the boxes are wanted.

        Returns:
            Boxes and score maps as a call gives them; B is 1 for a single map.

        Raises:
            ValueError: Maps of another shape.

        Example:
            >>> import numpy as np
            >>> one_map = np.zeros((4, 4))
            >>> one_map[1:3, 2:] = 0.9
            >>> PseudoBoxGenerator(threshold=0.5).from_maps(one_map, size=(8, 8))[0]
            tensor([[4., 2., 8., 6.]])
        """
        maps = torch.as_tensor(maps)
        if maps.ndim not in (2, 3):
            raise ValueError(
                f'PseudoBoxGenerator.from_maps: maps must be H x W or B x h x w, one an image, got shape '
                f'{tuple(maps.shape)}; class maps B x C x h x w and their logits go into the call itself'
            )
        maps = maps if maps.is_floating_point() else maps.float()
        score_maps = to_score_map(maps[None] if maps.ndim == 2 else maps, size=size)
        return score_map_to_box(score_maps, self.threshold), score_maps
