"""Class scores, one row per image, from whatever a model returns with ``mode='tensor'``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def class_scores(output: Any, model: nn.Module) -> Tensor:
    """The class scores of a batch before softmax or sigmoid.

    - B x C (a classifier), also as the first entry of a tuple (SLT-Net): as it is.
    - B x C x h x w: the highest of each class.
    - A list of levels B x (A C) x h x w as the first entry of a tuple (mmdet's dense detectors): the highest of each
      class over levels, anchors and cells, without a background class.

    Args:
        output: What the model returned.
        model: The model; of a dense detector, ``bbox_head.num_classes`` and ``bbox_head.cls_out_channels`` are read.

    Returns:
        B x C, at least float32, with the output's gradient.

    Raises:
        TypeError: If the output is of another form, as that of a two-stage detector.

    Example:
        >>> class_scores((torch.tensor([[1.0, 2.0]]), torch.zeros(1, 4)), nn.Identity())
        tensor([[1., 2.]])
    """
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    if isinstance(first, Tensor) and first.ndim == 2:
        return first.float()
    if isinstance(output, Tensor) and output.ndim == 4:
        return output.float().amax((2, 3))
    head = getattr(model, 'bbox_head', None)
    levels = first if isinstance(first, (tuple, list)) else ()
    if levels and all(isinstance(level, Tensor) and level.ndim == 4 for level in levels) and head is not None:
        channels, classes = head.cls_out_channels, head.num_classes
        best = [level.float().unflatten(1, (-1, channels)).amax((1, 3, 4)) for level in levels]
        return torch.stack(best).amax(0)[:, :classes]
    raise TypeError(
        f'the map source needs class scores B x C from {type(model).__name__} with mode="tensor", got '
        f'{_described(output)}; classifiers, SLT-Net and dense detectors of mmdet (bbox_head) give them'
    )


def _described(output: Any) -> str:
    if isinstance(output, Tensor):
        return f'a tensor of shape {tuple(output.shape)}'
    if isinstance(output, (tuple, list)):
        return f'{type(output).__name__} of {", ".join(_described(item) for item in output[:3]) or "nothing"}'
    return type(output).__name__
