"""The maps that a localizer's prediction writes onto a data sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.functional.cam import average_top_k_maps, to_score_map


def add_localization(data_samples: Sequence[BaseDataElement], maps: Tensor, logits: Tensor, top_k: int) -> None:
    """Write a localizer's maps onto its data samples, in place.

    Each sample gets ``pred_maps``, raw float32 h x w maps: ``top_k`` (ACAM, eq. 9), ``top_1`` (the predicted class)
    and, if the sample has a ``gt_label``, ``label`` (that class). If the samples have an ``img_shape``, they also get
    ``pred_score_map`` (H x W in [0, 1]), ACAM resized to the network input.

    Args:
        data_samples: B samples.
        maps: Class maps, B x C x h x w.
        logits: B x C.
        top_k: K of ACAM.

    Raises:
        ValueError: If the samples of the batch differ in ``img_shape``.

    Example:
        >>> import torch
        >>> sample = BaseDataElement(metainfo=dict(img_shape=(8, 8)))
        >>> maps = torch.rand(1, 5, 4, 4)
        >>> add_localization([sample], maps, maps.mean(dim=(2, 3)), top_k=2)
        >>> sample.pred_maps.top_k.shape, sample.pred_score_map.shape
        (torch.Size([4, 4]), torch.Size([8, 8]))
    """
    maps = maps.float()
    of_image = dict(top_k=average_top_k_maps(maps, logits, top_k), top_1=average_top_k_maps(maps, logits, 1))
    add_maps(data_samples, of_image)
    for i, sample in enumerate(data_samples):
        if 'gt_label' in sample:
            sample.pred_maps.label = maps[i, sample.gt_label[0]]


def add_maps(data_samples: Sequence[BaseDataElement], maps: Mapping[str, Tensor]) -> None:
    """Write maps onto data samples, in place, and the score map that ``top_k`` gives.

    Args:
        data_samples: B samples.
        maps: Raw maps, B x h x w, by name; ``top_k`` must be among them.

    Raises:
        ValueError: If the samples of the batch differ in ``img_shape``.

    Example:
        >>> import torch
        >>> sample = BaseDataElement(metainfo=dict(img_shape=(8, 8)))
        >>> add_maps([sample], dict(top_k=torch.rand(1, 4, 4)))
        >>> sample.pred_score_map.shape
        torch.Size([8, 8])
    """
    sized = all('img_shape' in sample for sample in data_samples)
    if sized:
        sizes = {tuple(sample.img_shape[:2]) for sample in data_samples}
        if len(sizes) != 1:
            raise ValueError(
                f'the images of one batch must have one size, got {sorted(sizes)}: resize both sides '
                '(sltnet_mm.ResizeCrop)'
            )
        score_maps = to_score_map(maps['top_k'], size=sizes.pop())
    for i, sample in enumerate(data_samples):
        sample.pred_maps = BaseDataElement(**{name: values[i] for name, values in maps.items()})
        if sized:
            sample.pred_score_map = score_maps[i]
