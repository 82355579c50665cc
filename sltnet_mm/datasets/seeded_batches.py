"""Batches whose samples bring their own random numbers, so that they do not depend on workers, ranks or restarts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader

from sltnet_mm.random_state import seed_from, separate_random_numbers


class SeededBatch(list):
    """The indices of a batch; while a data loader walks over them, each sample finds its own random state.

    The generators are left as they were. torch's data loaders index the data set while they walk, in the process that
    loads: the main one, or a worker.

    Args:
        indices: Indices of the data set.
        seeds: Numbers for each index, see :func:`~sltnet_mm.random_state.seed_from`.

    Example:
        >>> import numpy as np
        >>> batch = SeededBatch([4, 2], [(0, 0), (0, 1)])
        >>> [np.random.rand() for index in batch] == [np.random.rand() for index in batch]
        True
    """

    def __init__(self, indices: Iterable[int], seeds: Sequence[Sequence[int]]) -> None:
        super().__init__(indices)
        self.seeds = tuple(tuple(seed) for seed in seeds)

    def __iter__(self) -> Iterator[int]:
        with separate_random_numbers():
            for index, seed in zip(super().__iter__(), self.seeds, strict=True):
                seed_from(seed)
                yield index

    def __reduce__(self) -> tuple:  # not by walking, which would seed the sender's generators
        return SeededBatch, (list(list.__iter__(self)), self.seeds)


class SeededBatches:
    """A batch sampler that gives another one's batches as :class:`SeededBatch`.

    The random state of a sample follows from the seed, the epoch and its place among the samples of all ranks in this
    epoch.

    Args:
        batches: The batch sampler.
        seed: Seed of the run.
        rank: Rank of this process.
        world_size: Number of processes.

    Example:
        >>> batches = SeededBatches([[5, 1], [2]], seed=0)
        >>> [batch.seeds for batch in batches]
        [((0, 0, 0), (0, 0, 1)), ((0, 0, 2),)]
        >>> batches.skip = 1
        >>> [batch.seeds for batch in batches]
        [((0, 1, 2),)]
    """

    def __init__(self, batches: Any, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.batches = batches
        self.seed, self.rank, self.world_size = seed, rank, world_size
        self.epoch = 0
        self.skip = 0  # batches that the next pass leaves out at its beginning
        self.begin = 0  # samples of this rank before the next pass, of a sampler without an end

    def __iter__(self) -> Iterator[SeededBatch]:
        epoch, skip, place = self.epoch, self.skip, self.begin
        self.skip = self.begin = 0
        self.epoch += 1
        for number, batch in enumerate(self.batches):
            places = itertools.count(place * self.world_size + self.rank, self.world_size)
            place += len(batch)
            if number >= skip:
                yield SeededBatch(batch, [(self.seed, epoch, where) for where, _ in zip(places, batch, strict=False)])

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str) -> Any:  # sampler, batch_size, drop_last
        if name == 'batches':
            raise AttributeError(name)
        return getattr(self.batches, name)


def seed_batches(loader: DataLoader, seed: int, rank: int = 0, world_size: int = 1) -> SeededBatches | None:
    """Make a data loader give its batches as :class:`SeededBatch`; None if it has no batches of indices.

    Args:
        loader: Changed in place, before the first pass over it.
        seed: As in :class:`SeededBatches`, like ``rank`` and ``world_size``.
        rank: Rank of this process.
        world_size: Number of processes.
    """
    found = loader.batch_sampler
    if found is None:
        return None
    batches = SeededBatches(getattr(found, 'batches', found), seed, rank, world_size)
    loader.__dict__['batch_sampler'] = batches  # torch forbids the assignment once the loader is made
    return batches
