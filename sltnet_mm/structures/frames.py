"""From network input back to the original image: the frames of boxes, given the metainfo that the transforms record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from sltnet_mm.functional.boxes import transform_boxes


def input_to_original(metainfo: Mapping) -> np.ndarray:
    """The 3 x 3 matrix (float64) from pixels of the network input to pixels of the original image.

    ``homography_matrix`` (original to input) is the only geometric record: ``scale_factor`` is wrong after a crop. Crop
    and scale are undone; a flip is not, since test-time augmentation (mmdet's ``DetTTAModel``) undoes it itself: the
    result is in the frame of the flipped original.

    Raises:
        KeyError: ``homography_matrix`` or ``ori_shape`` is absent.
    """
    for key in ('homography_matrix', 'ori_shape'):
        if key not in metainfo:
            raise KeyError(
                f'{key!r} is not among the metainfo of {metainfo.get("img_path", "this sample")}: boxes cannot be '
                'taken back to the original image. Use transforms that record it (sltnet_mm.ResizeCrop, '
                "mmdet.Resize, mmdet.RandomCrop, mmdet.RandomFlip) and name it in the packer's meta_keys"
            )
    matrix = np.linalg.inv(np.asarray(metainfo['homography_matrix'], dtype=np.float64))
    if metainfo.get('flip', False):
        matrix = _flip_matrix(metainfo.get('flip_direction') or 'horizontal', metainfo['ori_shape'][:2]) @ matrix
    return matrix


def _flip_matrix(direction: str, shape: Sequence[int]) -> np.ndarray:
    height, width = shape
    matrix = np.eye(3)
    if direction in ('horizontal', 'diagonal'):
        matrix = np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]]) @ matrix
    if direction in ('vertical', 'diagonal'):
        matrix = np.array([[1.0, 0, 0], [0, -1, height], [0, 0, 1]]) @ matrix
    return matrix


def boxes_to_original(boxes: Tensor, metainfos: Sequence[Mapping]) -> Tensor:
    """One box an image from network-input pixels to original pixels, clipped to the original image.

    Args:
        boxes: B x 4 xyxy, pixels of the network input.
        metainfos: B metainfos with ``homography_matrix`` (3 x 3, original to input) and ``ori_shape`` (h, w).

    Returns:
        B x 4 xyxy in original pixels, dtype and device of ``boxes``.

    Example:
        >>> import torch
        >>> meta = dict(homography_matrix=[[.5, 0, -4], [0, .5, 0], [0, 0, 1]], ori_shape=(100, 100))
        >>> boxes_to_original(torch.tensor([[0., 0., 10., 20.]]), [meta])
        tensor([[ 8.,  0., 28., 40.]])
    """
    if len(boxes) != len(metainfos):
        raise ValueError(
            f'boxes_to_original takes one box an image, got {len(boxes)} boxes and {len(metainfos)} metainfos'
        )
    if not metainfos:
        return boxes
    matrices = torch.from_numpy(np.stack([input_to_original(meta) for meta in metainfos]))
    limits = boxes.new_tensor([[width, height] * 2 for height, width in (meta['ori_shape'][:2] for meta in metainfos)])
    return torch.minimum(transform_boxes(boxes, matrices).to(boxes).clamp(min=0), limits)
