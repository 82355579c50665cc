"""Capture the output of a submodule without changing the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def capture_first_output(**modules: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Collect the *first* output of each named module while the context is open.

    Only the first: inside the same call, a hook on the outer module may run it again on another view of the images
    (:class:`~sltnet_mm.hooks.VSTHook` does), and later outputs belong to that view.

    Args:
        **modules: The modules, each under the name of its output.

    Yields:
        Dict of name to output, filled as the modules run.

    Example:
        >>> import torch
        >>> layer = torch.nn.Identity()
        >>> with capture_first_output(maps=layer) as seen:
        ...     _ = layer(torch.tensor(1)), layer(torch.tensor(2))
        >>> seen['maps']
        tensor(1)
    """
    seen: dict[str, Tensor] = {}

    def keeper(name: str):
        def keep(module: nn.Module, args: tuple, output: Tensor) -> None:
            seen.setdefault(name, output)

        return keep

    handles = [module.register_forward_hook(keeper(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
