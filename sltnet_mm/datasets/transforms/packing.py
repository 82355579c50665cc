"""The packer: the last transform of a pipeline, which makes the inputs and the data sample for models and metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

from sltnet_mm.registry import TRANSFORMS

META_KEYS = (
    'sample_idx',
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'homography_matrix',
    'instances',
    'mask_path',
    'ignore_mask_path',
)


@TRANSFORMS.register_module()
class PackLocalizationInputs(BaseTransform):
    """Pack an image and its annotations, for mmpretrain and mmdet models.

    The sample is an mmpretrain ``DataSample`` that also has the fields that mmdet's models, metrics and visualizers
    read. A call returns a dict with ``inputs``, a C x H x W tensor with the dtype of ``img`` (uint8; BGR if loaded by
    OpenCV), and ``data_samples``, a sample with

    - ``gt_label``: int64 (1,), if the label is known;
    - ``gt_instances``: ``bboxes`` n x 4 float32 xyxy in **original** pixels and ``labels`` n int64; empty in training,
      because training splits have no boxes;
    - ``ignored_instances``: the same for the boxes with ``ignore_flag`` 1;
    - ``crops``: 10 x C x h x w uint8, if ``TenCrop`` made them;
    - metainfo: sample_idx, img_id, img_path, ori_shape, img_shape, scale_factor, flip, flip_direction, instances,
      mask_path, ignore_mask_path, and homography_matrix (3 x 3 float32, original to input pixels).

    Args:
        meta_keys: Keys of the results that become metainfo of the sample, if present. mmdet's ``DetInferencer`` removes
            'img_id' from this list in a config. Defaults to the metainfo above.

    Raises:
        ValueError: If ``meta_keys`` lacks 'homography_matrix', or (in a call) the matrix is missing, singular or not
            3 x 3, or ``img_shape`` differs from the image's shape because a transform changed the image without
            recording it.

    Example:
        >>> import numpy as np
        >>> results = dict(img=np.zeros((4, 6, 3), np.uint8), img_shape=(4, 6), ori_shape=(4, 6), gt_label=2,
        ...                homography_matrix=np.eye(3, dtype=np.float32))
        >>> packed = PackLocalizationInputs()(results)
        >>> packed['inputs'].shape, packed['data_samples'].gt_label, len(packed['data_samples'].gt_instances)
        (torch.Size([3, 4, 6]), tensor([2]), 0)
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        if 'homography_matrix' not in meta_keys:
            raise ValueError(
                "PackLocalizationInputs: meta_keys must contain 'homography_matrix', the only link between network "
                f'input and original image, got {tuple(meta_keys)}'
            )
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack the results of one sample (see the class)."""
        _check_frame(results)
        img = results['img']
        if img.ndim == 2:
            img = img[..., None]
        inputs = torch.from_numpy(np.ascontiguousarray(img.transpose(2, 0, 1)))

        sample = DataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        if 'gt_label' in results:
            sample.set_gt_label(int(results['gt_label']))
        instances = results.get('instances', [])
        sample.gt_instances = _instance_data([i for i in instances if not i.get('ignore_flag', 0)])
        sample.ignored_instances = _instance_data([i for i in instances if i.get('ignore_flag', 0)])
        if 'crops' in results:
            sample.set_field(torch.from_numpy(results['crops']), 'crops', dtype=torch.Tensor)
        return dict(inputs=inputs, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


def _check_frame(results: dict) -> None:
    name = results.get('img_path')
    matrix = results.get('homography_matrix')
    if matrix is None:
        raise ValueError(
            f'PackLocalizationInputs: {name!r} has no homography_matrix, so boxes cannot be mapped between the image '
            'and the network input. Add sltnet_mm.ResizeCrop (or mmdet.Resize) to the pipeline; the resize transforms '
            'of mmcv and mmpretrain do not record one'
        )
    matrix = np.asarray(matrix)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or np.linalg.det(matrix.astype(np.float64)) == 0:
        raise ValueError(
            f'PackLocalizationInputs: homography_matrix of {name!r} must be an invertible 3 x 3 matrix, got '
            f'{matrix.tolist()}. Check the transforms that record it'
        )
    if tuple(results['img_shape'][:2]) != results['img'].shape[:2]:
        raise ValueError(
            f'PackLocalizationInputs: image {name!r} has shape {results["img"].shape[:2]}, but img_shape is '
            f'{tuple(results["img_shape"][:2])}: a transform changed the image without recording it. Replace it with '
            'sltnet_mm.ResizeCrop'
        )


def _instance_data(instances: Sequence[dict]) -> InstanceData:
    bboxes = np.array([i['bbox'] for i in instances], np.float32).reshape(-1, 4)
    labels = np.array([i['bbox_label'] for i in instances], np.int64)
    return InstanceData(bboxes=torch.from_numpy(bboxes), labels=torch.from_numpy(labels))
