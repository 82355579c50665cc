"""Boxes: found in score maps, compared by IoU, and moved between frames. All are xyxy with exclusive ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torchvision.ops
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor, full_precision
from sltnet_mm.functional.components import largest_component_boxes
from sltnet_mm.functional.thresholds import map_threshold

PAPER_THRESHOLD = 0.2
"""Fraction of a score map's maximum above which pixels are foreground: the paper's "top 20% values" (Sec. 3.2), read as
in CAM (Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016)."""


class MapBoxes(NamedTuple):
    """Boxes, and the score maps that they come from.

    Args:
        boxes: B x 4 float xyxy.
        score_maps: B x H x W in [0, 1].
    """

    boxes: Tensor
    score_maps: Tensor

    @property
    def found(self) -> Tensor:
        """Whether each map has a foreground, B bool; without one, the box is only a placeholder, the whole map.

        Example:
            >>> import torch
            >>> MapBoxes(torch.tensor([[0.0, 0, 2, 2]]), torch.zeros(1, 2, 2)).found
            tensor([False])
        """
        return self.score_maps.flatten(1).amax(dim=1) > 0


def foreground_mask(
    score_map: Tensor, threshold: float = PAPER_THRESHOLD, rule: str = 'max', q: float | None = None
) -> Tensor:
    """The pixels of a score map that are strictly above ``threshold`` times the maximum of that map.

    Args:
        score_map: H x W or B x H x W.
        threshold: In [0, 1); by default, the paper's 0.2 (``PAPER_THRESHOLD``).
        rule: What it is a fraction of, ``max``, ``percentile``, ``ivr`` or ``otsu``: see
            :func:`~sltnet_mm.functional.map_threshold`.
        q: The percentile of ``percentile`` and ``ivr``.

    Returns:
        Bool, of the same shape. A map whose maximum is not positive has no foreground.

    Raises:
        TypeError: If ``score_map`` is not a floating tensor or ``threshold`` is not a number.
        ValueError: If ``threshold`` is outside [0, 1) or the shape is invalid.

    Example:
        >>> import torch
        >>> foreground_mask(torch.tensor([[0.0, 0.1, 0.25, 0.5]]), threshold=0.2)
        tensor([[False, False,  True,  True]])
    """
    limit = map_threshold(score_map, threshold, rule, q)
    return full_precision(score_map) > limit[..., None, None]


def score_map_to_box(
    score_map: Tensor, threshold: float = PAPER_THRESHOLD, rule: str = 'max', q: float | None = None
) -> Tensor:
    r"""The box around the largest connected component of a score map's foreground: the pseudo box (Sec. 3.2).

    .. math::
        \text{foreground} = \{(x, y) : S(x, y) > \text{threshold} \cdot \max S\}

    The component with the most pixels is chosen among the 8-connected ones; of equal ones, the one whose first pixel
    comes first in raster order. There is no gradient. On devices other than the CPU, the host never waits for the
    result.

    Args:
        score_map: S, H x W or B x H x W; only the ratio to the maximum matters.
        threshold: In [0, 1).
        rule: What it is a fraction of, ``max``, ``percentile``, ``ivr`` or ``otsu``: see
            :func:`~sltnet_mm.functional.map_threshold`.
        q: The percentile of ``percentile`` and ``ivr``.

    Returns:
        4 or B x 4, float32 xyxy in pixels of the map, ends exclusive: x2 is the last column + 1. Without foreground (no
        score is positive), the whole map (0, 0, W, H). A map with a NaN or an infinity gives four NaNs.

    Raises:
        TypeError: If ``score_map`` is not a floating tensor or ``threshold`` is not a number.
        ValueError: If ``threshold`` is outside [0, 1) or the shape is invalid.

    Example:
        >>> import torch
        >>> score_map = torch.zeros(6, 8)
        >>> score_map[1:4, 2:7] = 1
        >>> score_map_to_box(score_map)
        tensor([2., 1., 7., 4.])
        >>> score_map_to_box(torch.zeros(6, 8))
        tensor([0., 0., 8., 6.])
    """
    mask = foreground_mask(score_map, threshold, rule, q)
    single = score_map.ndim == 2
    boxes = largest_component_boxes(mask[None] if single else mask)
    low, high = full_precision(score_map).flatten(-2).aminmax(dim=-1)  # a NaN is both
    finite = low.isfinite() & high.isfinite()
    boxes = torch.where(finite.view(-1, 1), boxes, torch.nan)
    return boxes[0] if single else boxes


WHOLE_IMAGE = 0.95
"""Share of the image's area from which on a box counts as the whole image: it locates nothing."""


def covers_image(boxes: Tensor, size: Sequence[int] | Tensor) -> Tensor:
    """Whether boxes cover the whole image, that is at least ``WHOLE_IMAGE`` of its area.

    Args:
        boxes: B x 4 xyxy in pixels of the image.
        size: (height, width) of all images, or B x 2, those of each.

    Returns:
        B bool.

    Raises:
        TypeError: If ``boxes`` is not a tensor.
        ValueError: If its shape is not B x 4.

    Example:
        >>> import torch
        >>> covers_image(torch.tensor([[0.0, 0, 10, 8], [1, 1, 9, 7]]), (8, 10))
        tensor([ True, False])
    """
    _check_boxes('boxes', boxes)
    area = torch.as_tensor(size, dtype=boxes.dtype, device=boxes.device).prod(-1)
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1) >= WHOLE_IMAGE * area


def box_iou(boxes_a: Tensor, boxes_b: Tensor) -> Tensor:
    r"""Intersection over union of every pair of boxes.

    .. math::
        \text{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|}, \qquad |a| = (x_2 - x_1)(y_2 - y_1)

    The areas have no "+ 1" for inclusive ends.

    Args:
        boxes_a: n x 4 xyxy.
        boxes_b: m x 4 xyxy in the same frame.

    Returns:
        n x m in [0, 1], float32 (float64 if both inputs are). A box without area (x2 <= x1 or y2 <= y1) has IoU 0 with
        every box, even itself. A box with a NaN gives NaN against every box that has an area.

    Raises:
        TypeError: If an argument is not a tensor.
        ValueError: If a shape is not n x 4.

    Example:
        >>> import torch
        >>> box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [0, 0, 2, 2], [5, 5, 5, 5]]))
        tensor([[0.3333, 1.0000, 0.0000]])
    """
    _check_boxes('boxes_a', boxes_a)
    _check_boxes('boxes_b', boxes_b)
    dtype = torch.float64 if boxes_a.dtype == boxes_b.dtype == torch.float64 else torch.float32
    iou = torchvision.ops.box_iou(boxes_a.to(dtype), boxes_b.to(dtype))
    flat_a, flat_b = (((boxes[:, 2:] <= boxes[:, :2]).any(1)) for boxes in (boxes_a, boxes_b))
    return iou.masked_fill(flat_a[:, None] | flat_b[None], 0)


def transform_boxes(boxes: Tensor, matrix: Tensor) -> Tensor:
    """Move boxes to another frame by a homography: the axis-aligned box around the four moved corners.

    ``homography_matrix`` (original image to network input) moves boxes to the input, its inverse moves them back; for
    crop, resize and flip this is exact. Boxes are not clipped (see ``clip_boxes``).

    Args:
        boxes: n x 4 xyxy.
        matrix: 3 x 3 for all boxes, or n x 3 x 3, one per box; anything that ``torch.as_tensor`` accepts.

    Returns:
        n x 4 xyxy with x1 <= x2 and y1 <= y2, float32 (float64 for float64 boxes).

    Raises:
        TypeError: If ``boxes`` is not a tensor.
        ValueError: If a shape is invalid.

    Example:
        >>> import torch
        >>> flip_of_width_10 = torch.tensor([[-1.0, 0, 10], [0, 1, 0], [0, 0, 1]])
        >>> transform_boxes(torch.tensor([[1.0, 2, 4, 5]]), flip_of_width_10)
        tensor([[6., 2., 9., 5.]])
    """
    _check_boxes('boxes', boxes)
    if not boxes.is_floating_point():
        boxes = boxes.float()
    boxes = full_precision(boxes)
    matrix = torch.as_tensor(matrix, dtype=boxes.dtype, device=boxes.device)
    if matrix.shape not in ((3, 3), (len(boxes), 3, 3)):
        raise ValueError(f'matrix must have shape 3x3 or {len(boxes)}x3x3, one per box, got {tuple(matrix.shape)}')
    x1, y1, x2, y2 = boxes.unbind(1)
    x, y = torch.stack([x1, x2, x2, x1], 1), torch.stack([y1, y1, y2, y2], 1)  # n x 4 corners
    # Written out: a matrix product would run in TF32 or, under autocast, in half precision, off by whole pixels.
    m = matrix[..., None]  # 3 x 3 x 1 or n x 3 x 3 x 1
    x, y, w = (m[..., i, 0, :] * x + m[..., i, 1, :] * y + m[..., i, 2, :] for i in range(3))
    x, y = x / w, y / w
    return torch.stack([x.amin(1), y.amin(1), x.amax(1), y.amax(1)], dim=1)


def clip_boxes(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Clip boxes to an image.

    Args:
        boxes: n x 4 xyxy in pixels.
        size: (height, width) of the image in pixels.

    Returns:
        n x 4, x in [0, width] and y in [0, height]; a box outside the image has no area left. NaN stays NaN.

    Raises:
        TypeError: If ``boxes`` is not a tensor.
        ValueError: If a shape or ``size`` is invalid.

    Example:
        >>> import torch
        >>> clip_boxes(torch.tensor([[-3.0, 2, 12, 5]]), size=(4, 10))
        tensor([[ 0.,  2., 10.,  4.]])
    """
    _check_boxes('boxes', boxes)
    return torchvision.ops.clip_boxes_to_image(boxes, check_size('size', size))


def boxes_to_unit(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Convert boxes from pixels to fractions of the image size, which stay valid when the image is resized.

    Args:
        boxes: n x 4 xyxy in pixels.
        size: (height, width) of the image in pixels.

    Returns:
        n x 4 xyxy, x / width and y / height, in [0, 1] inside the image; float32 (float64 for float64 boxes), not
        clipped.

    Raises:
        TypeError: If ``boxes`` is not a tensor.
        ValueError: If a shape or ``size`` is invalid.

    Example:
        >>> import torch
        >>> boxes_to_unit(torch.tensor([[0.0, 5, 10, 20]]), size=(20, 40))
        tensor([[0.0000, 0.2500, 0.2500, 1.0000]])
    """
    _check_boxes('boxes', boxes)
    return _rescale(boxes, size, inverse=True)


def unit_to_boxes(unit_boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Convert boxes from fractions of the image size to pixels; the inverse of ``boxes_to_unit``.

    Args:
        unit_boxes: n x 4 xyxy, as fractions of the width and height.
        size: (height, width) of the image in pixels.

    Returns:
        n x 4 xyxy in pixels, float32 (float64 for float64 boxes), not clipped.

    Raises:
        TypeError: If ``unit_boxes`` is not a tensor.
        ValueError: If a shape or ``size`` is invalid.

    Example:
        >>> import torch
        >>> unit_to_boxes(torch.tensor([[0.0, 0.25, 0.25, 1.0]]), size=(20, 40))
        tensor([[ 0.,  5., 10., 20.]])
    """
    _check_boxes('unit_boxes', unit_boxes)
    return _rescale(unit_boxes, size, inverse=False)


def _rescale(boxes: Tensor, size: Sequence[int], inverse: bool) -> Tensor:
    height, width = check_size('size', size)
    boxes = full_precision(boxes if boxes.is_floating_point() else boxes.float())
    x1, y1, x2, y2 = boxes.unbind(1)
    if inverse:
        return torch.stack([x1 / width, y1 / height, x2 / width, y2 / height], dim=1)
    return torch.stack([x1 * width, y1 * height, x2 * width, y2 * height], dim=1)


def _check_boxes(name: str, boxes: Tensor) -> None:
    check_tensor(name, boxes, 'nx4 (xyxy)', 2, floating=False)
    if boxes.shape[1] != 4:
        raise ValueError(f'{name} must have shape nx4 (xyxy), got {tuple(boxes.shape)}')
