"""The outputs of named layers as feature maps that gradients can be taken of; tokens are put back on their grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

MOST_EXTRA_TOKENS = 8
"""Up to so many class, distillation and register tokens are looked for where a backbone does not tell."""

LAYOUTS = ('auto', 'channels_last')


@contextmanager
def only_layers_require_grad(model: nn.Module) -> Iterator[None]:
    """Record gradients, but not of parameters, so that the graph begins at the first layer that asks for one."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


@contextmanager
def layer_outputs(layers: Sequence[nn.Module]) -> Iterator[list[tuple[int, Tensor]]]:
    """Collect the outputs of layers while the context lasts, each with the number of its layer.

    A collected output requires a gradient. What follows gets a copy, because an activation in place would change the
    collected values. Of a tuple, the last tensor is taken.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True))
        >>> with only_layers_require_grad(net), layer_outputs([net[0]]) as outputs:
        ...     _ = net(torch.ones(1, 2))
        >>> [(number, output.shape, output.requires_grad) for number, output in outputs]
        [(0, torch.Size([1, 3]), True)]
    """
    outputs: list[tuple[int, Tensor]] = []

    def listener(number: int):
        def listen(module: nn.Module, args: tuple, output: Any) -> Any:
            if isinstance(output, Tensor):
                return keep(output)
            place = max((i for i, item in enumerate(output) if isinstance(item, Tensor)), default=None)
            if place is None:
                raise TypeError(f'a layer of a map source must return a tensor, got {type(output).__name__}')
            items = [keep(item) if i == place else item for i, item in enumerate(output)]
            return items if isinstance(output, list) else tuple(items)

        def keep(tensor: Tensor) -> Tensor:
            if not tensor.requires_grad:
                tensor = tensor.detach().requires_grad_()
            outputs.append((number, tensor))
            return tensor.clone()

        return listen

    handles = [layer.register_forward_hook(listener(number)) for number, layer in enumerate(layers)]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def to_grid(tensor: Tensor, size: tuple[int, int], extra_tokens: int | None = None, layout: str = 'auto') -> Tensor:
    """A layer's output, or its gradient, as maps B x N x h x w.

    Args:
        tensor: B x N x h x w, or tokens B x L x N, with class tokens in front.
        size: (H, W) of the network input, in whose proportions the tokens lie.
        extra_tokens: Number of tokens in front of those of the patches. None: the number up to 8 with which the others
            fill a grid in the proportions of the input.
        layout: 'auto', or 'channels_last' for B x h x w x N (torchvision's Swin).

    Returns:
        B x N x h x w, a view.

    Raises:
        ValueError: If the tensor has another number of dimensions, or the tokens do not fill such a grid.

    Example:
        >>> to_grid(torch.zeros(2, 197, 8), (224, 224)).shape
        torch.Size([2, 8, 14, 14])
    """
    if tensor.ndim == 4:
        return tensor.movedim(3, 1) if layout == 'channels_last' else tensor
    if tensor.ndim != 3:
        raise ValueError(
            f'must return maps B x N x h x w or tokens B x L x N, got shape {tuple(tensor.shape)}; choose a layer '
            'before pooling and flattening'
        )
    extra, rows, columns = _grid(tensor.shape[1], size, extra_tokens)
    return tensor[:, extra:].movedim(2, 1).unflatten(2, (rows, columns))


def _grid(count: int, size: tuple[int, int], extra_tokens: int | None) -> tuple[int, int, int]:
    """(number of extra tokens, rows, columns) of the grid that is nearest to the proportions of the input."""
    wanted = math.log(size[0] / size[1])
    found = [
        (abs(math.log(rows / (rest // rows)) - wanted), extra, rows, rest // rows)
        for extra in (range(MOST_EXTRA_TOKENS + 1) if extra_tokens is None else (extra_tokens,))
        for rest in (count - extra,)
        for rows in range(1, rest + 1)
        if rest % rows == 0
    ]
    misfit, extra, rows, columns = min(found, default=(math.inf, 0, 0, 0))
    if misfit > math.log(1.25):  # a grid is rounded up or down to whole patches
        raise ValueError(
            f'returns {count} tokens, which fill no grid in the proportions of the input {size} (height, width) after '
            f'{"0 to " + str(MOST_EXTRA_TOKENS) if extra_tokens is None else extra_tokens} extra tokens; set '
            'extra_tokens to the number of class, distillation and register tokens'
        )
    return extra, rows, columns
