"""The state of all random generators of a process: kept, restored, and set for single samples."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The states of Python's, NumPy's and torch's generators (CPU and every GPU), as plain values and tensors.

    A checkpoint with them is still read with ``weights_only``.

    Example:
        >>> kept = random_state()
        >>> first = torch.rand(2)
        >>> restore_random_state(kept)
        >>> bool((torch.rand(2) == first).all())
        True
    """
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return dict(
        python=[version, list(words), gauss],
        numpy=[str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), int(position), int(has_gauss), cached],
        torch=torch.get_rng_state(),
        cuda=torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else [],
    )


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Put the generators into a state that :func:`random_state` gave; its tensors may have moved to a GPU since.

    Args:
        state: The state. With states of more GPUs than there are, those of the missing ones are left out.
    """
    version, words, gauss = state['python']
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    for device, of_device in enumerate(state['cuda'][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(of_device.cpu(), device)


@contextlib.contextmanager
def separate_random_numbers() -> Iterator[None]:
    """Leave the CPU's generators as they were before the block, whatever is drawn in it."""
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        torch.set_rng_state(kept[2])


def seed_from(numbers: Sequence[int]) -> None:
    """Seed the CPU's generators from several numbers >= 0, so that other numbers give unrelated draws.

    Example:
        >>> with separate_random_numbers():
        ...     seed_from([0, 3, 7])
        ...     first = np.random.rand()
        ...     seed_from([0, 3, 7])
        ...     np.random.rand() == first
        True
    """
    words = np.random.SeedSequence(list(numbers)).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))
    torch.default_generator.manual_seed(int(words[2]))  # torch.manual_seed would seed the GPUs too
