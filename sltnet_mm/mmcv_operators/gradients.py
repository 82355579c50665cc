"""Derivatives for the backward operators, by running the forward one under autograd again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def input_gradients(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor | None = None
) -> tuple[Tensor, ...]:
    """The derivatives of ``function(*inputs)`` by each input, times ``grad_output``.

    Args:
        function: A differentiable function of tensors.
        inputs: Its arguments; they are detached.
        grad_output: Of the shape of the function's value; None for a function whose value is one number.

    Returns:
        One tensor per input, of its shape.

    Example:
        >>> input_gradients(lambda x: x**2, [torch.tensor([3.0])], torch.tensor([10.0]))
        (tensor([60.]),)
    """
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        return torch.autograd.grad(function(*leaves), leaves, grad_output)
