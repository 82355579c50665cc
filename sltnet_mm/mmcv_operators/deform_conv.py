"""Deformable convolution and deformable attention under mmcv's names and arguments.

The geometry comes as keywords, and the groups follow from the shapes. The buffers of mmcv's own algorithm
(``columns``, ``ones``) and its ``im2col_step`` are not needed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import ops

from sltnet_mm.mmcv_operators.gradients import input_gradients

__all__ = [
    'deform_conv_backward_input',
    'deform_conv_backward_parameters',
    'deform_conv_forward',
    'modulated_deform_conv_backward',
    'modulated_deform_conv_forward',
    'ms_deform_attn_backward',
    'ms_deform_attn_forward',
]


def deform_conv_forward(
    input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor, **geometry: Any
) -> None:
    """Fill ``output`` with the deformable convolution of ``input`` (Dai et al., ICCV 2017), without bias."""
    output.copy_(_convolved(input, weight, offset, **geometry))


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradInput: Tensor,
    gradOffset: Tensor,
    weight: Tensor,
    columns: Tensor,
    **geometry: Any,
) -> None:
    """Fill ``gradInput`` and ``gradOffset``."""
    gradients = input_gradients(lambda x, d: _convolved(x, weight, d, **geometry), [input, offset], gradOutput)
    _fill((gradInput, gradOffset), gradients)


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradWeight: Tensor,
    columns: Tensor,
    ones: Tensor,
    *,
    scale: float,
    **geometry: Any,
) -> None:
    """Fill ``gradWeight``, times ``scale``."""
    weight = torch.zeros_like(gradWeight)  # Linear in it: its values do not matter for the derivative.
    (gradient,) = input_gradients(lambda w: _convolved(input, w, offset, **geometry), [weight], gradOutput)
    gradWeight.copy_(gradient * scale)


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    **geometry: Any,
) -> None:
    """Fill ``output`` with the modulated deformable convolution of ``input`` (Zhu et al., CVPR 2019)."""
    output.copy_(_modulated(input, weight, bias, offset, mask, **geometry))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    *,
    with_bias: bool,
    **geometry: Any,
) -> None:
    """Fill ``grad_input``, ``grad_weight``, ``grad_offset``, ``grad_mask`` and, with a bias, ``grad_bias``."""

    def convolved(x: Tensor, w: Tensor, d: Tensor, m: Tensor, *b: Tensor) -> Tensor:
        return _modulated(x, w, b[0] if b else bias, d, m, with_bias=with_bias, **geometry)

    inputs, buffers = [input, weight, offset, mask], [grad_input, grad_weight, grad_offset, grad_mask]
    if with_bias:
        inputs.append(bias)
        buffers.append(grad_bias)
    _fill(buffers, input_gradients(convolved, inputs, grad_output))


def ms_deform_attn_forward(
    value: Tensor, shapes: Tensor, starts: Tensor, locations: Tensor, weights: Tensor, im2col_step: int
) -> Tensor:
    """Multi-scale deformable attention (Zhu et al., ICLR 2021), by mmcv's own function in torch.

    Args:
        value: B x keys x heads x channels.
        shapes: Height and width of each level, L x 2.
        starts: Unused: it follows from ``shapes``.
        locations: Sampling points in 0 to 1, B x queries x heads x L x points x 2.
        weights: B x queries x heads x L x points.
        im2col_step: Unused.

    Returns:
        B x queries x (heads * channels).
    """
    # This module is imported while mmcv.ops is.
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    return multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)


def ms_deform_attn_backward(
    value: Tensor,
    shapes: Tensor,
    starts: Tensor,
    locations: Tensor,
    weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_locations: Tensor,
    grad_weights: Tensor,
    im2col_step: int,
) -> None:
    """Fill ``grad_value``, ``grad_locations`` and ``grad_weights``."""

    def attended(v: Tensor, where: Tensor, w: Tensor) -> Tensor:
        return ms_deform_attn_forward(v, shapes, starts, where, w, im2col_step)

    _fill(
        (grad_value, grad_locations, grad_weights), input_gradients(attended, [value, locations, weights], grad_output)
    )


def _convolved(
    x: Tensor,
    weight: Tensor,
    offset: Tensor,
    *,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> Tensor:
    return ops.deform_conv2d(x, offset, weight, None, (dH, dW), (padH, padW), (dilationH, dilationW))


def _modulated(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    offset: Tensor,
    mask: Tensor,
    *,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> Tensor:
    stride, padding, dilation = (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w)
    return ops.deform_conv2d(x, offset, weight, bias if with_bias else None, stride, padding, dilation, mask)


def _fill(buffers: Any, gradients: Any) -> None:
    for buffer, gradient in zip(buffers, gradients, strict=True):
        buffer.copy_(gradient)
