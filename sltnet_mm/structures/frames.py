"""The frames of boxes and maps: original image and network input, connected by ``homography_matrix`` alone.

The matrix (3 x 3, original pixels to network-input pixels) contains crop, scale and flip. Its inverse undoes all three,
so boxes are on the original image as stored in its file, whatever the test pipeline did. mmdet's ``DetTTAModel``
mirrors the boxes of flipped views itself and would undo the flip twice: use ``sltnet_mm.LocalizationTTA``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.functional.boxes import PAPER_THRESHOLD, MapBoxes, score_map_to_box, transform_boxes


def record_homography(results: dict, step: np.ndarray) -> None:
    """Multiply a transform into ``results['homography_matrix']`` (original pixels to current image pixels), in place.

    Args:
        results: Results of a pipeline; a missing matrix counts as the identity.
        step: 3 x 3, maps pixels before the transform to pixels after it.

    Example:
        >>> import numpy as np
        >>> results = {}
        >>> record_homography(results, np.diag([2., 2., 1.]))
        >>> record_homography(results, np.array([[1., 0., -3.], [0., 1., 0.], [0., 0., 1.]]))
        >>> results['homography_matrix'][0]
        array([ 2.,  0., -3.], dtype=float32)
    """
    before = results.get('homography_matrix')
    matrix = step if before is None else step @ np.asarray(before, np.float64)
    results['homography_matrix'] = matrix.astype(np.float32)


def move_boxes(results: dict, step: np.ndarray) -> None:
    """Move ``gt_bboxes`` (xyxy, current image pixels) by a transform, clip them to the new image, and drop empty ones.

    A pipeline has boxes only if mmdet's ``LoadAnnotations`` loads them (for a regressor on pseudo boxes). The same rows
    of ``gt_bboxes_labels`` and ``gt_ignore_flags`` are dropped. Both mmdet's box structures and plain n x 4 arrays are
    supported.

    Args:
        results: Results of a pipeline, already with the new ``img_shape``; changed in place.
        step: 3 x 3, maps pixels before the transform to pixels after it.

    Example:
        >>> import numpy as np
        >>> results = dict(img_shape=(8, 8), gt_bboxes=np.array([[1., 1., 3., 3.], [20., 20., 30., 30.]], np.float32))
        >>> move_boxes(results, np.diag([2., 2., 1.]))
        >>> results['gt_bboxes']
        array([[2., 2., 6., 6.]], dtype=float32)
    """
    boxes = results.get('gt_bboxes')
    if boxes is None:
        return
    height, width = results['img_shape']
    if isinstance(boxes, np.ndarray):
        moved = np.clip(transform_box_array(boxes, step), 0, [width, height, width, height])
        keep = (moved[:, 2:] > moved[:, :2]).all(1)
        results['gt_bboxes'] = moved[keep].astype(np.float32)
    else:
        boxes = boxes.clone()
        boxes.project_(step)
        boxes.clip_((height, width))
        keep = ((boxes.widths > 0) & (boxes.heights > 0)).numpy()
        results['gt_bboxes'] = boxes[torch.from_numpy(keep)]
    for key in ('gt_bboxes_labels', 'gt_ignore_flags'):
        if key in results:
            results[key] = results[key][keep]


def transform_box_array(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The NumPy version of :func:`~sltnet_mm.functional.transform_boxes`: axis-aligned boxes around the moved corners.

    Args:
        boxes: n x 4 xyxy.
        matrix: 3 x 3.

    Returns:
        n x 4 xyxy, float64, not clipped.

    Example:
        >>> import numpy as np
        >>> transform_box_array(np.array([[1, 2, 4, 5]]), np.array([[-1, 0, 10], [0, 1, 0], [0, 0, 1]])).tolist()
        [[6.0, 2.0, 9.0, 5.0]]
    """
    x1, y1, x2, y2 = np.asarray(boxes, np.float64).reshape(-1, 4).T
    x, y = np.stack([x1, x2, x2, x1]), np.stack([y1, y1, y2, y2])  # 4 x n corners
    x, y, w = (row[0] * x + row[1] * y + row[2] for row in np.asarray(matrix, np.float64))
    x, y = x / w, y / w
    return np.stack([x.min(0), y.min(0), x.max(0), y.max(0)], axis=1)


def input_to_original(metainfo: Mapping) -> np.ndarray:
    """The 3 x 3 matrix (float64) from pixels of the network input to pixels of the original image.

    It is the inverse of ``homography_matrix``, the only reliable geometric record: ``scale_factor`` is wrong after a
    crop.

    Args:
        metainfo: Metainfo of a sample; the transforms record the matrix, and the packer keeps it.

    Returns:
        3 x 3, float64.

    Raises:
        KeyError: If ``homography_matrix`` or ``ori_shape`` is missing.
    """
    for key in ('homography_matrix', 'ori_shape'):
        if key not in metainfo:
            raise KeyError(
                f'{key!r} is not in the metainfo of {metainfo.get("img_path", "this sample")}: boxes cannot be '
                'moved to the original image. Use transforms that record it (sltnet_mm.ResizeCrop, '
                "mmdet.Resize, mmdet.RandomCrop, mmdet.RandomFlip) and list it in the packer's meta_keys "
                '(sltnet_mm.PackLocalizationInputs does)'
            )
    return np.linalg.inv(np.asarray(metainfo['homography_matrix'], dtype=np.float64))


def boxes_to_original(boxes: Tensor, metainfos: Sequence[Mapping]) -> Tensor:
    """One box per image, moved from network-input pixels to original pixels and clipped to the original image.

    Args:
        boxes: B x 4 xyxy, pixels of the network input.
        metainfos: B metainfos with ``homography_matrix`` (3 x 3, original to input) and ``ori_shape`` (h, w).

    Returns:
        B x 4 xyxy in original pixels, in the dtype and on the device of ``boxes``; crop, scale and flip are undone.

    Raises:
        KeyError: If ``homography_matrix`` or ``ori_shape`` is missing.
        ValueError: If the numbers of boxes and metainfos differ.

    Example:
        >>> import torch
        >>> meta = dict(homography_matrix=[[.5, 0, -4], [0, .5, 0], [0, 0, 1]], ori_shape=(100, 100))
        >>> boxes_to_original(torch.tensor([[0., 0., 10., 20.]]), [meta])
        tensor([[ 8.,  0., 28., 40.]])
    """
    if len(boxes) != len(metainfos):
        raise ValueError(
            f'boxes_to_original needs one box per image, got {len(boxes)} boxes and {len(metainfos)} metainfos'
        )
    if not metainfos:
        return boxes
    matrices = torch.from_numpy(np.stack([input_to_original(meta) for meta in metainfos]))
    limits = boxes.new_tensor([[width, height] * 2 for height, width in (meta['ori_shape'][:2] for meta in metainfos)])
    return torch.minimum(transform_boxes(boxes, matrices).to(boxes).clamp(min=0), limits)


def boxes_of_samples(samples: Sequence[BaseDataElement], threshold: float = PAPER_THRESHOLD) -> MapBoxes:
    """The boxes of a batch's score maps, on the original images.

    Args:
        samples: B predictions with ``pred_score_map`` (H x W, the same size for all, that of the network input),
            ``homography_matrix`` and ``ori_shape``.
        threshold: Fraction of the maximum, see :func:`~sltnet_mm.functional.score_map_to_box`.

    Returns:
        Boxes, B x 4 float32 xyxy in original pixels, clipped to the image, and score maps, B x H x W, on their device.
        Without foreground (``found`` is False), the box is the part of the image that the network saw.

    Raises:
        KeyError: If ``homography_matrix`` or ``ori_shape`` is missing.

    Example:
        >>> import torch
        >>> sample = BaseDataElement(metainfo=dict(homography_matrix=np.diag([.5, .5, 1]), ori_shape=(16, 16)))
        >>> sample.pred_score_map = torch.zeros(8, 8)
        >>> sample.pred_score_map[2:4, 2:6] = 1
        >>> located = boxes_of_samples([sample])
        >>> located.boxes, located.found
        (tensor([[ 4.,  4., 12.,  8.]]), tensor([True]))
    """
    score_maps = torch.stack([sample.pred_score_map.detach() for sample in samples])
    boxes = score_map_to_box(score_maps, threshold)
    return MapBoxes(boxes_to_original(boxes, [sample.metainfo for sample in samples]), score_maps)


def sample_boxes(sample: BaseDataElement, field: str) -> Tensor:
    """The boxes of ``gt_instances`` or ``pred_instances``, n x 4 float32 xyxy; n is 0 if the field is missing.

    Example:
        >>> sample_boxes(BaseDataElement(), 'gt_instances').shape
        torch.Size([0, 4])
    """
    boxes = sample.get(field, {}).get('bboxes')
    if boxes is None:
        return torch.zeros(0, 4)
    # Some mmdet pipelines wrap boxes in a structure; its browse_dataset turns them into arrays.
    return torch.as_tensor(getattr(boxes, 'tensor', boxes)).detach().float().cpu()
