"""The IoU with ground truth at every level of a gray image: of its largest contour, or the best of all."""

from __future__ import annotations

import numpy as np

from sltnet_mm.evaluation.component_tree.basin_tree import BasinTree, basin_tree, falling_order
from sltnet_mm.evaluation.component_tree.compiled import compiled
from sltnet_mm.evaluation.component_tree.component_growth import absorb, grow_box, remove, start_growth
from sltnet_mm.evaluation.component_tree.hills import LEVELS
from sltnet_mm.evaluation.component_tree.level_boxes import largest_contour_boxes


def level_ious(image: np.ndarray, gt_boxes: np.ndarray, largest: bool, plus_one: bool, clip: bool) -> np.ndarray:
    """The IoU at every level: that of the largest contour's box, or the best of all contours' boxes, including holes.

    Args:
        image: (H, W) uint8, C-contiguous.
        gt_boxes: (g, 4) float64 xyxy in map pixels.
        largest: Use only the largest component (by contour area).
        plus_one: Whether end pixels count as inside.
        clip: Whether box ends are clipped to the map's last pixel (wsolevaluation).

    Returns:
        (image.max(),) float64; entry T is for the foreground ``image > T``.

    Example:
        >>> image, gt_boxes = np.array([[3, 0, 1]], np.uint8), np.array([[2.0, 0, 3, 1]])
        >>> level_ious(image, gt_boxes, largest=False, plus_one=False, clip=False)
        array([1., 0., 0.])
    """
    best = np.zeros(int(image.max()))
    if largest:
        _box_ious(largest_contour_boxes(image), gt_boxes, plus_one, clip, image.shape, best)
        return best
    _raise_ious(image, basin_tree(image, 1, False), False, gt_boxes, plus_one, clip, best)
    inverted = 255 - image
    _raise_ious(inverted, basin_tree(inverted, 0, True), True, gt_boxes, plus_one, clip, best)
    return best


@compiled
def _box_ious(
    boxes: np.ndarray, gt_boxes: np.ndarray, plus_one: bool, clip: bool, shape: tuple[int, int], best: np.ndarray
) -> None:
    """Write the IoU of each level's box (T, 4) with its best ground-truth box into ``best`` (T,)."""
    for level in range(len(boxes)):
        best[level] = _best_iou(boxes[level], 0, gt_boxes, plus_one, clip, shape)


@compiled
def _best_iou(
    box: np.ndarray, margin: int, gt_boxes: np.ndarray, plus_one: bool, clip: bool, shape: tuple[int, int]
) -> float:
    """The IoU of one box, widened by a margin, with its best ground-truth box (g, 4)."""
    extra = 1.0 if plus_one else 0.0
    x0, y0, x1, y1 = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
    if clip:
        x1, y1 = min(x1, shape[1] - 1), min(y1, shape[0] - 1)
    best = 0.0
    for index in range(len(gt_boxes)):
        gt_x0, gt_y0, gt_x1, gt_y1 = gt_boxes[index]
        width, height = min(x1, gt_x1) - max(x0, gt_x0) + extra, min(y1, gt_y1) - max(y0, gt_y0) + extra
        if width > 0 and height > 0:
            intersection = width * height
            union = (
                (x1 - x0 + extra) * (y1 - y0 + extra) + (gt_x1 - gt_x0 + extra) * (gt_y1 - gt_y0 + extra) - intersection
            )
            best = max(best, intersection / union)
    return best


@compiled
def _raise_ious(
    image: np.ndarray, tree: BasinTree, framed: bool, gt_boxes: np.ndarray, plus_one: bool, clip: bool, best: np.ndarray
) -> None:
    """Raise ``best[T]`` to the highest IoU of any component's box with any ground-truth box, at every level T.

    Args:
        image: (H, W) uint8: the map for components, 255 - map for holes.
        tree: Tree of the image, 8-connected for components, 4-connected and framed for holes.
        framed: Whether the components are holes: background (map <= T) that does not reach the frame. The box of a hole
            encloses the pixels around it.
        gt_boxes: (g, 4) float64.
        plus_one: Whether end pixels count as inside.
        clip: Whether box ends are clipped to the last pixel.
        best: (map.max(),) float64, changed in place.
    """
    hills, basin, roots, top, merges = tree
    frame = len(roots) if framed else -1
    growth = start_growth(image, tree)
    iou = np.zeros(len(roots))
    stale = np.ones(len(roots), np.bool_)
    by_top = falling_order(hills.top[roots])
    count, woken, merged = 0, 0, 0
    for step in range(len(best)):
        T = step if framed else len(best) - 1 - step  # holes grow as the level rises
        cut = LEVELS - 2 - T if framed else T  # map <= T is 255 - map > 254 - T
        while woken < len(roots) and top[by_top[woken]] > cut:
            component = by_top[woken]
            growth.alive[count], growth.slot[component] = component, count
            count, woken = count + 1, woken + 1
        while merged < len(merges.level) and merges.level[merged] > cut:
            kept, absorbed = merges.kept[merged], merges.absorbed[merged]
            if kept != frame:
                absorb(growth, kept, absorbed)
                stale[kept] = True
            count, merged = remove(growth, count, absorbed), merged + 1
        for index in range(count):
            component = growth.alive[index]
            if grow_box(growth, component, cut) or stale[component]:
                stale[component] = False
                iou[component] = _best_iou(
                    growth.box[component], 1 if framed else 0, gt_boxes, plus_one, clip, image.shape
                )
            best[T] = max(best[T], iou[component])
