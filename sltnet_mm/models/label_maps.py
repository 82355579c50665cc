"""What heads with a map of their own share: the labels of a batch, and predictions with maps of chosen classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.models.predictions import add_maps


def labels_of(data_samples: Sequence[BaseDataElement], device: torch.device, user: str) -> Tensor:
    """The labels of a batch, B int64.

    Raises:
        ValueError: If a sample has no label, or only a mixed one.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> labels_of([DataSample().set_gt_label(3)], torch.device('cpu'), 'ACoLHead')
        tensor([3])
    """
    if not all('gt_label' in sample for sample in data_samples):
        raise ValueError(
            f'{user} needs the label of each image (gt_label), which names the map that it works on; batch augments '
            'that mix images (CutMix, Mixup) leave none'
        )
    return torch.cat([torch.as_tensor(sample.gt_label).flatten()[:1] for sample in data_samples]).to(device)


def of_labels(maps: Tensor, labels: Tensor) -> Tensor:
    """The map of each image's label: B x h x w of B x C x h x w, or B x K x h x w of B x C x K x h x w.

    Example:
        >>> of_labels(torch.arange(6.0).view(2, 3, 1, 1), torch.tensor([2, 0])).flatten()
        tensor([2., 3.])
    """
    return maps[torch.arange(len(maps), device=maps.device), labels]


def add_label_maps(data_samples: Sequence[BaseDataElement], top_1: Tensor, maps_of: Callable[[Tensor], Tensor]) -> None:
    """Write the maps of the predicted class (as ``top_1`` and ``top_k``) and of the label, if there is one.

    Args:
        data_samples: B samples, changed in place.
        top_1: Maps of the predicted class, B x h x w.
        maps_of: From B labels to maps B x h x w.
    """
    maps = dict(top_k=top_1.float(), top_1=top_1.float())
    if all('gt_label' in sample for sample in data_samples):
        maps['label'] = maps_of(labels_of(data_samples, top_1.device, 'predict')).float()
    add_maps(data_samples, maps)
