"""RoIAlign under mmcv's names and arguments."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import ops

from sltnet_mm.hosts import how_to_compile
from sltnet_mm.mmcv_operators.gradients import input_gradients

__all__ = ['roi_align_backward', 'roi_align_forward']


def roi_align_forward(
    input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor, argmax_x: Tensor, **pooling: Any
) -> None:
    """Fill ``output`` with the averages of the features in each cell of each region.

    Args:
        input: Features, B x C x H x W.
        rois: K x 5: the number of the image, then its box in pixels of the image.
        output: K x C x ``aligned_height`` x ``aligned_width``.
        argmax_y: Unused.
        argmax_x: Unused.
        pooling: As mmcv's ``RoIAlign`` gives them: ``aligned_height``, ``aligned_width``, ``spatial_scale``,
            ``sampling_ratio``, ``pool_mode``, ``aligned``.

    Raises:
        NotImplementedError: If ``pool_mode`` is 0, which is ``pool_mode='max'`` of ``RoIAlign``.
    """
    output.copy_(_pooled(input, rois, **pooling))


def roi_align_backward(
    grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor, grad_input: Tensor, **pooling: Any
) -> None:
    """Fill ``grad_input`` (B x C x H x W); arguments and errors of :func:`roi_align_forward`."""

    def pooled(features: Tensor) -> Tensor:
        return _pooled(features, rois, **pooling)

    # Pooling is linear in the features: their values do not matter for the derivative.
    (gradient,) = input_gradients(pooled, [torch.zeros_like(grad_input)], grad_output)
    grad_input.copy_(gradient)


def _pooled(
    features: Tensor,
    rois: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> Tensor:
    if pool_mode == 0:
        raise NotImplementedError(
            "RoIAlign: pool_mode='max' is not in torchvision, and mmcv is installed without its operators.\n"
            + how_to_compile()
        )
    size = (aligned_height, aligned_width)
    return ops.roi_align(features, rois.type_as(features), size, spatial_scale, sampling_ratio, bool(aligned))
