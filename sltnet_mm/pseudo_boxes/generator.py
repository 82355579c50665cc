"""Pseudo boxes from class maps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sltnet_mm.functional.boxes import PAPER_THRESHOLD, MapBoxes, score_map_to_box
from sltnet_mm.functional.cam import average_top_k_maps, to_score_map
from sltnet_mm.functional.thresholds import check_threshold
from sltnet_mm.registry import TASK_UTILS

_THRESHOLDS = dict(percentile=0.35, otsu=0.0)


@TASK_UTILS.register_module()
class PseudoBoxGenerator:
    r"""The pseudo boxes of SLT-Net (Guo et al., CVPR 2021, Sec. 3.2 and 3.3): localizer's class maps in, boxes out.

    The class maps of the top K classes are averaged (ACAM, eq. 9):

    .. math::
        A = \frac{1}{K} \sum_{j \in t} M_j

    A is resized to the network input and min-max normalized to the score map. Pixels above ``threshold`` times the
    maximum are foreground. The box encloses the 8-connected component with the most pixels. Training and test use the
    same procedure.

    Args:
        threshold: Fraction of the maximum, in [0, 1). The paper's "top 20% values" is read as 0.2 of the maximum, as in
            CAM (Zhou et al., CVPR 2016). None: 0.2 of the maximum, 0.35 of the percentile (PaS), 0.2 above it (IVR);
            Otsu's rule finds its own.
        top_k: K; None leaves it to the owner (SLTNet sets that of its localizer).
        threshold_of: What it is a fraction of: ``max``, ``percentile``, ``ivr`` or ``otsu``; see
            :func:`~sltnet_mm.functional.map_threshold`.
        q: The percentile of ``percentile`` (default 90) and ``ivr`` (default 50).

    Raises:
        ValueError: If a value is out of range, or (when called) ``top_k`` is None.

    Example:
        >>> import torch
        >>> maps = torch.zeros(1, 2, 8, 8)
        >>> maps[0, 1, 2:5, 3:7] = 1
        >>> boxes, score_maps = PseudoBoxGenerator(threshold=0.5, top_k=1)(maps, maps.mean(dim=(2, 3)), size=(8, 8))
        >>> boxes
        tensor([[3., 2., 7., 5.]])
    """

    def __init__(
        self,
        threshold: float | None = None,
        top_k: int | None = None,
        threshold_of: str = 'max',
        q: float | None = None,
    ) -> None:
        threshold = _THRESHOLDS.get(threshold_of, PAPER_THRESHOLD) if threshold is None else threshold
        try:
            check_threshold(threshold, threshold_of, q)
        except ValueError as error:
            raise ValueError(f'PseudoBoxGenerator: {error}, got threshold={threshold}') from None
        if top_k is not None and top_k < 1:
            raise ValueError(f'PseudoBoxGenerator: top_k must be at least 1, got {top_k}')
        self.threshold, self.threshold_of, self.q = threshold, threshold_of, q
        self.top_k = top_k

    def __call__(self, maps: Tensor, logits: Tensor, size: tuple[int, int]) -> MapBoxes:
        """The boxes and score maps of a batch, on the maps' device and without a host synchronization.

        Args:
            maps: Class maps M, B x C x h x w.
            logits: B x C; they choose the K classes.
            size: (H, W) of the network input.

        Returns:
            Boxes, B x 4 float xyxy in pixels of the network input, ends exclusive (the whole image if there is no
            foreground), and score maps, B x H x W in [0, 1]; ``found`` of the pair tells which images have a
            foreground.

        Raises:
            ValueError: If ``top_k`` is None or a shape is invalid.
        """
        if self.top_k is None:
            raise ValueError(
                'PseudoBoxGenerator: top_k is not set; use PseudoBoxGenerator(top_k=...) with the K of the localizer'
            )
        score_maps = to_score_map(average_top_k_maps(maps, logits, self.top_k), size=size)
        return MapBoxes(score_map_to_box(score_maps, self.threshold, self.threshold_of, self.q), score_maps)

    def from_maps(self, maps: Tensor | np.ndarray, size: tuple[int, int]) -> MapBoxes:
        """The boxes and score maps from one map per image, as made by other code such as Grad-CAM.

        Args:
            maps: H x W or B x h x w, of any size and range, covering the whole image.
            size: (H, W) of the image in whose pixels the boxes are wanted.

        Returns:
            Boxes and score maps as from a call; B is 1 for a single map.

        Raises:
            ValueError: If ``maps`` has another shape.

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
                f'PseudoBoxGenerator.from_maps: maps must be H x W or B x h x w, one per image, got shape '
                f'{tuple(maps.shape)}; pass class maps B x C x h x w and their logits to the generator itself'
            )
        maps = maps if maps.is_floating_point() else maps.float()
        score_maps = to_score_map(maps[None] if maps.ndim == 2 else maps, size=size)
        return MapBoxes(score_map_to_box(score_maps, self.threshold, self.threshold_of, self.q), score_maps)
