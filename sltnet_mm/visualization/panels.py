"""The panels of a picture: the image with boxes, and the score map over the image with boxes."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from sltnet_mm.visualization.drawing import GT_COLOR, PREDICTED_COLOR, draw_boxes, overlay_score_map, warp_to_original


def box_panel(
    image: np.ndarray, gt_boxes: Tensor, boxes: Tensor, color: tuple[int, int, int] = PREDICTED_COLOR
) -> np.ndarray:
    """The image with ground-truth boxes in white and predicted boxes in red or another color.

    Args:
        image: H x W x 3 uint8 RGB.
        gt_boxes: n x 4 xyxy in pixels of the image.
        boxes: m x 4 xyxy in pixels of the image.
        color: Of ``boxes``, RGB.

    Returns:
        H x W x 3 uint8 RGB.

    Example:
        >>> import torch
        >>> box_panel(np.zeros((8, 8, 3), np.uint8), torch.zeros(0, 4), torch.tensor([[0., 0, 8, 8]]))[0, 0]
        array([255, 48, 48], dtype=uint8)
    """
    return draw_boxes(draw_boxes(image, gt_boxes.numpy(), GT_COLOR), boxes.numpy(), color)


def map_panel(
    image: np.ndarray,
    score_map: Tensor,
    homography_matrix: np.ndarray,
    gt_boxes: Tensor,
    boxes: Tensor,
    alpha: float = 0.6,
    color: tuple[int, int, int] = PREDICTED_COLOR,
) -> np.ndarray:
    """A score map of the network input over the image, with boxes.

    Args:
        image: H x W x 3 uint8 RGB.
        score_map: Score map of the network input, h x w in [0, 1].
        homography_matrix: 3 x 3, pixels of the image to pixels of the network input.
        gt_boxes: n x 4 xyxy in pixels of the image.
        boxes: m x 4 xyxy in pixels of the image.
        alpha: Share of the map's colors, in [0, 1]. Defaults to 0.6.
        color: Of ``boxes``, RGB.

    Returns:
        H x W x 3 uint8 RGB.

    Example:
        >>> import torch
        >>> none = torch.zeros(0, 4)
        >>> map_panel(np.zeros((8, 8, 3), np.uint8), torch.ones(4, 4), np.diag([.5, .5, 1]), none, none, alpha=1.)[0, 0]
        array([253, 231, 37], dtype=uint8)
    """
    warped = warp_to_original(score_map.detach().float().cpu().numpy(), homography_matrix, image.shape[:2])
    return box_panel(overlay_score_map(image, warped, alpha), gt_boxes, boxes, color)
