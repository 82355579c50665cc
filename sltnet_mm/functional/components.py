"""The largest 8-connected component of masks and its box, on any device."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sltnet_mm.functional._checks import check_tensor


def largest_component_boxes(masks: Tensor) -> Tensor:
    """The box around the largest 8-connected component of each mask.

    The largest component is the one with the most pixels; of equal ones, the one whose first pixel comes first in
    raster order (rows from the top, each from the left). On the CPU, OpenCV labels the components. On other devices, a
    batched algorithm does so, with the same result and without waiting for the device. Compiled code calls the CPU
    version outside its graph.

    Args:
        masks: B x H x W, bool, True for foreground.

    Returns:
        B x 4, float32 xyxy in pixels of the mask, ends exclusive (x1 = first column, x2 = last column + 1). For a mask
        without foreground, the whole mask (0, 0, W, H); ``masks.flatten(1).any(1)`` tells which masks have foreground.

    Raises:
        TypeError: If ``masks`` is not a bool tensor.
        ValueError: If the shape is not B x H x W with H, W >= 1.

    Example:
        >>> import torch
        >>> largest_component_boxes(torch.tensor([[[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]]]).bool())
        tensor([[0., 0., 2., 2.]])
    """
    check_tensor('masks', masks, 'BxHxW', 3, floating=False)
    if masks.dtype != torch.bool:
        raise TypeError(f'masks must be bool, got {masks.dtype}; compare first, for example masks > 0')
    if 0 in masks.shape[1:]:
        raise ValueError(f'masks must have at least one pixel, got shape {tuple(masks.shape)} (BxHxW)')
    by_opencv = masks.device.type == 'cpu' and not torch.onnx.is_in_onnx_export()
    return _boxes_by_opencv(masks) if by_opencv else _boxes_by_hooking(masks)


@torch.compiler.disable
def _boxes_by_opencv(masks: Tensor) -> Tensor:
    height, width = masks.shape[1:]
    boxes = np.empty((len(masks), 4), dtype=np.float32)
    for box, mask in zip(boxes, masks.to(torch.uint8).contiguous().numpy(), strict=True):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        if count == 1:  # label 0, the background, alone
            box[:] = 0, 0, width, height
            continue
        sizes = stats[1:, cv2.CC_STAT_AREA]
        largest = np.flatnonzero(sizes == sizes.max()) + 1
        winner = largest[0]
        if len(largest) > 1:  # OpenCV numbers components by 2x2 blocks, not in raster order: look at the pixels
            winner = labels.flat[np.isin(labels, largest).argmax()]
        x, y, w, h = stats[winner, :4]
        box[:] = x, y, x + w, y + h
    return torch.from_numpy(boxes)


def _boxes_by_hooking(masks: Tensor) -> Tensor:
    batch, height, width = masks.shape
    pixels = height * width
    labels = _component_labels(masks).view(batch, pixels)
    foreground = masks.reshape(batch, pixels)
    sizes = torch.zeros(batch * height * _runs_a_row(masks), dtype=torch.int64, device=masks.device)
    sizes = sizes.scatter_add(0, labels.flatten(), foreground.flatten().long())
    size = sizes[labels] * foreground  # B x pixels
    # The largest raster position counted from the end, so that ties do not depend on `argmax`. The numbers stay below
    # 2 ** 31: onnxruntime computes with 32 bits in places.
    later = torch.arange(pixels - 1, -1, -1, device=masks.device)
    first = pixels - 1 - torch.where(size == size.amax(1, keepdim=True), later, 0).amax(1)  # B
    winner = labels.gather(1, first[:, None])
    member = ((labels == winner) & foreground).view(batch, height, width)
    x1, x2 = _extent(member.any(1))
    y1, y2 = _extent(member.any(2))
    return torch.stack([x1, y1, x2, y2], dim=1).float()


def _extent(occupied: Tensor) -> tuple[Tensor, Tensor]:
    """First and last + 1 True of each row of B x L; 0 and L for a row without any."""
    length = occupied.shape[1]
    position = torch.arange(length, device=occupied.device)
    first = torch.where(occupied, position, length).amin(1)
    end = torch.where(occupied, position + 1, 0).amax(1)
    empty = end == 0
    return first.masked_fill(empty, 0), end.masked_fill(empty, length)


def _component_labels(masks: Tensor) -> Tensor:
    """Component labels of B x H x W masks in a fixed number of batched steps, without host synchronization.

    Nodes are the horizontal runs of foreground, edges their contacts with the row above; both are stored in arrays
    whose size is known in advance. In each round, every tree hooks onto the neighbor with the largest label. Along such
    picks, each label is at least the one two steps before. The only cycles are therefore pairs that pick each other,
    and these are cut at the larger label. Every tree with a neighbor merges, so each round at least halves the trees of
    a component. With n the largest possible number of runs in a component, log2(n) rounds leave one tree each. A path
    of picks has fewer edges than there are trees, which bounds the pointer jumping.

    Returns:
        B x H x W int64: equal within a component, different between components and images, without meaning in the
        background.
    """
    runs, ends_a, ends_b = _runs_and_contacts(masks)
    most_runs = masks.shape[1] * _runs_a_row(masks)
    slots = torch.arange(masks.shape[0] * most_runs, device=masks.device)
    labels = slots
    trees = most_runs
    while trees > 1:
        apart = ends_a != ends_b
        picks = torch.full_like(slots, -1)
        picks = picks.scatter_reduce(0, ends_a, torch.where(apart, ends_b, -1), 'amax')
        picks = picks.scatter_reduce(0, ends_b, torch.where(apart, ends_a, -1), 'amax')
        picks = torch.where(picks < 0, slots, picks)
        mutual = picks.gather(0, picks) == slots
        picks = torch.where(mutual & (picks < slots), slots, picks)
        for _ in range((trees - 2).bit_length()):  # 2 ** jumps >= trees - 1, the longest path
            picks = picks.gather(0, picks)
        labels, ends_a, ends_b = (picks.gather(0, nodes) for nodes in (labels, ends_a, ends_b))
        trees //= 2
    return labels.gather(0, runs.flatten()).view(masks.shape)


def _runs_a_row(masks: Tensor) -> int:
    return (masks.shape[2] + 1) // 2  # at least one pixel lies between two runs


def _runs_and_contacts(masks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Number the runs, and list the contacts between runs of neighboring rows.

    Run starts are at least two pixels apart, so half the start column numbers a run within its row. Each contact is
    written once, at a pixel of the lower row: at the first column that the two runs share or, if they touch only at a
    corner, at the foreground pixel of a "\" and at the background pixel of a "/". Pixels without a contact hold their
    own place as both ends, so that the scatters spread over all addresses.

    Returns:
        The run number of each pixel (B x H x W; for background, that of its place), and the two ends of the contacts
        (flat); all int64.
    """
    batch, height, width = masks.shape
    rows = torch.arange(batch * height, device=masks.device).view(batch, height, 1)
    places = rows * _runs_a_row(masks) + torch.arange(width, device=masks.device) // 2  # B x H x W
    left, up, up_left = _shift(masks, 1, 0), _shift(masks, 0, 1), _shift(masks, 1, 1)
    starts = (masks & ~left).cumsum(-1)  # so far in the row; a sum, since ONNX has no running maximum
    runs = torch.where(masks, rows * _runs_a_row(masks) + starts - 1, places)
    contact = (masks & (up | up_left) & ~(left & up_left)) | (~masks & left & up & ~up_left)
    below = torch.where(masks, runs, _shift(runs, 1, 0))
    above = torch.where(up, _shift(runs, 0, 1), _shift(runs, 1, 1))
    return runs, torch.where(contact, below, places).flatten(), torch.where(contact, above, places).flatten()


def _shift(image: Tensor, right: int, down: int) -> Tensor:
    """Shift B x H x W by whole pixels, filling with zeros (False)."""
    return F.pad(image, (right, 0, down, 0))[:, : image.shape[1], : image.shape[2]]
