"""Random numbers on any device, drawn on it or by a generator of the CPU."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(shape: tuple[int, ...], device: torch.device, generator: torch.Generator | None = None) -> Tensor:
    """Uniform numbers in [0, 1) on ``device``; a CPU generator works for every device, at the cost of a small copy.

    Example:
        >>> import torch
        >>> uniform((2, 3), torch.device('cpu')).shape
        torch.Size([2, 3])
    """
    if generator is None or generator.device.type == device.type:
        return torch.rand(shape, device=device, generator=generator)
    return torch.rand(shape, generator=generator, device=generator.device).to(device, non_blocking=True)
