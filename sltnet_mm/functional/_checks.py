"""Argument checks of the functions. They look at shapes, types and Python numbers only, never at tensor values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

REDUCTIONS = ('mean', 'sum', 'none')


def check_tensor(name: str, tensor: Tensor, shape: str, ndim: int | tuple[int, ...], floating: bool = True) -> None:
    """Raise unless ``tensor`` is a (floating) tensor with ``ndim`` dimensions.

    Args:
        name: Name of the argument, for the message.
        tensor: The argument.
        shape: The expected shape in words, for the message.
        ndim: The allowed number, or numbers, of dimensions.
        floating: Whether the dtype must be floating.

    Raises:
        TypeError: If ``tensor`` is not a tensor, or not floating where it must be.
        ValueError: If the number of dimensions is wrong.

    Example:
        >>> import torch
        >>> check_tensor('maps', torch.zeros(1, 2, 2), 'BxHxW', 3)
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f'{name} must be a torch.Tensor of shape {shape}, got {type(tensor).__name__}; '
            'convert it with torch.as_tensor'
        )
    if tensor.ndim not in (ndim if isinstance(ndim, tuple) else (ndim,)):
        raise ValueError(f'{name} must have shape {shape}, got {tuple(tensor.shape)}')
    if floating and not tensor.is_floating_point():
        raise TypeError(f'{name} must have a floating dtype, got {tensor.dtype}; convert it with .float()')


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise unless ``value`` is one of ``choices``.

    Raises:
        ValueError: If ``value`` is not among ``choices``.

    Example:
        >>> check_choice('reduction', 'mean', REDUCTIONS)
    """
    if value not in choices:
        raise ValueError(f'{name} must be one of {", ".join(map(repr, choices))}, got {value!r}')


def check_fraction(name: str, value: float, low: float = 0.0, high: float = 1.0) -> None:
    """Raise unless ``value`` is a number in the closed interval [low, high]; NaN is not.

    Raises:
        TypeError: If ``value`` is not a number.
        ValueError: If ``value`` is outside the interval.

    Example:
        >>> check_fraction('alpha', 0.4)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f'{name} must be a number in [{low}, {high}], got {type(value).__name__}')
    if not low <= value <= high:
        raise ValueError(f'{name} must be in [{low}, {high}], got {value}')


def check_top_k(k: int, num_classes: int | None = None) -> None:
    """Raise unless ``k`` is an int with 1 <= K <= C; without ``num_classes``, only the lower bound is checked.

    Raises:
        TypeError: If ``k`` is not an int.
        ValueError: If ``k`` is out of range.

    Example:
        >>> check_top_k(3, num_classes=10)
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f'k must be an int, the number of top classes, got {type(k).__name__}')
    if k < 1:
        raise ValueError(f'k must be at least 1, got {k}')
    if num_classes is not None and k > num_classes:
        raise ValueError(
            f'k must be at most the number of classes, {num_classes}, got {k}; '
            'lower k, or pass the logits of all classes'
        )


def check_size(name: str, size: Sequence[int]) -> tuple[int, int]:
    """The two positive ints (height, width) of ``size``.

    Raises:
        ValueError: If ``size`` is not two positive whole numbers.

    Example:
        >>> check_size('size', [4, 6])
        (4, 6)
    """
    if isinstance(size, (str, int)) or len(size) != 2:
        raise ValueError(f'{name} must be a pair (height, width), got {size!r}')
    height, width = (int(side) for side in size)
    if (height, width) != tuple(size) or min(height, width) < 1:
        raise ValueError(f'{name} must hold two positive whole numbers (height, width), got {tuple(size)}')
    return height, width


def full_precision(tensor: Tensor) -> Tensor:
    """The tensor in at least float32: float16 and bfloat16 become float32; float32 and float64 stay.

    Example:
        >>> import torch
        >>> full_precision(torch.zeros(2, dtype=torch.bfloat16)).dtype, full_precision(torch.zeros(2).double()).dtype
        (torch.float32, torch.float64)
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
