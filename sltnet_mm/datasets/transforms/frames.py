"""Coordinate frames in a pipeline's results: updates of the recorded matrix and of the boxes."""

from __future__ import annotations

import numpy as np


def record_homography(results: dict, step: np.ndarray) -> None:
    """Multiply a step into ``results['homography_matrix']`` (original pixels -> current image pixels).

    Args:
        results: A pipeline's results, changed in place; a missing matrix is taken as the identity.
        step: 3 x 3 matrix from pixels before the step to pixels after it.

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
    """Transform ``gt_bboxes`` (xyxy, current image pixels) by an axis-parallel step and clip them to the new image.

    Boxes completely outside the new image are dropped, with their rows in ``gt_bboxes_labels`` and ``gt_ignore_flags``.
    A pipeline has boxes only after mmdet's ``LoadAnnotations`` (a regressor on pseudo boxes). They may be an mmdet box
    structure or a plain n x 4 array.

    Args:
        results: A pipeline's results with the new ``img_shape``; changed in place.
        step: 3 x 3 matrix from pixels before the step to pixels after it.

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
    plain = isinstance(boxes, np.ndarray)
    corners = boxes.astype(np.float64) if plain else boxes.tensor.double().numpy()
    corners = corners.reshape(-1, 2, 2) @ step[:2, :2].T + step[:2, 2]
    corners = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    corners = np.clip(corners, 0, [width, height, width, height])
    keep = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    moved = corners[keep].astype(np.float32)
    results['gt_bboxes'] = moved if plain else type(boxes)(moved, dtype=boxes.tensor.dtype)
    for key in ('gt_bboxes_labels', 'gt_ignore_flags'):
        if key in results:
            results[key] = results[key][keep]
