"""The packer: from a pipeline's results to the inputs and the sample that every model and metric here reads."""

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
    """Pack an image and what is known of it, for hosts of both toolboxes.

    The sample is an mmpretrain ``DataSample`` with the fields that mmdet's models, metrics and visualizers read too.

    Args:
        meta_keys: Keys of the results that become metainfo of the sample, where they are present. mmdet's
            ``DetInferencer`` takes 'img_id' out of this list of the config. Defaults to the ones named below.

    A call returns a dict of ``inputs``, a C x H x W uint8 tensor (the dtype of ``img``; BGR where OpenCV loaded it),
    and ``data_samples``, a sample with

    - ``gt_label``: int64 (1,), where the label is known;
    - ``gt_instances``: ``bboxes`` n x 4 float32 xyxy in **original** pixels and ``labels`` n int64; 0 rows in training,
      by construction of the data sets;
    - ``ignored_instances``: likewise, the boxes with ``ignore_flag`` 1;
    - ``crops``: 10 x C x h x w uint8, where ``TenCrop`` made them;
    - metainfo: sample_idx, img_id, img_path, ori_shape, img_shape, scale_factor, flip, flip_direction, instances,
      mask_path, ignore_mask_path, and homography_matrix (3x3 float32, original to input pixels).

    Raises:
        ValueError: ``homography_matrix`` is absent, singular or not 3x3, or ``img_shape`` disagrees with the image: a
            transform moved pixels without recording it.

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
                "PackLocalizationInputs: meta_keys must contain 'homography_matrix', the only record of where the "
                f'input came from in the original image; got {tuple(meta_keys)}'
            )
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample's results (see the class)."""
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
            f'PackLocalizationInputs: no homography_matrix for {name!r}, so boxes cannot be mapped between the image '
            'and the network input. Put sltnet_mm.ResizeCrop (or mmdet.Resize) into the pipeline; transforms of mmcv '
            'and mmpretrain record nothing'
        )
    matrix = np.asarray(matrix)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or np.linalg.det(matrix.astype(np.float64)) == 0:
        raise ValueError(
            f'PackLocalizationInputs: homography_matrix of {name!r} must be an invertible 3x3 matrix, got '
            f'{matrix.tolist()}'
        )
    if tuple(results['img_shape'][:2]) != results['img'].shape[:2]:
        raise ValueError(
            f'PackLocalizationInputs: the image {name!r} has shape {results["img"].shape[:2]} but img_shape says '
            f'{tuple(results["img_shape"][:2])}: a transform changed the image without recording it. Use '
            'sltnet_mm.ResizeCrop in its place'
        )


def _instance_data(instances: Sequence[dict]) -> InstanceData:
    bboxes = np.array([i['bbox'] for i in instances], np.float32).reshape(-1, 4)
    labels = np.array([i['bbox_label'] for i in instances], np.int64)
    return InstanceData(bboxes=torch.from_numpy(bboxes), labels=torch.from_numpy(labels))
