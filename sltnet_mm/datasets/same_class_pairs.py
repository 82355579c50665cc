"""A sampler whose images come in pairs of the same class, as I2C needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from sltnet_mm.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class SameClassPairs(Sampler):
    """Indices 2i and 2i + 1 are images of the same class; pairs are drawn anew in every epoch.

    Every image occurs in each epoch; the last one of a class with an odd number of images gets another one of its class
    as partner. Pairs are divided among the processes, which get equal numbers of them; the first pairs are repeated to
    fill up. Use an even ``batch_size`` and ``drop_last=True``.

    Args:
        dataset: With ``get_gt_labels`` (this package and mmpretrain, with its wrappers) or ``get_cat_ids``.
        shuffle: Must be True; accepted because mmengine's samplers have it.
        seed: The same on all processes. None: drawn and shared.

    Raises:
        ValueError: If a class has a single image; the message names it. If ``shuffle`` is False.

    Example:
        >>> class Data:
        ...     def __len__(self):
        ...         return 5
        ...     def get_cat_ids(self, index):
        ...         return [int(index > 1)]
        >>> pairs = np.array(list(SameClassPairs(Data(), seed=0))).reshape(-1, 2)
        >>> bool(((pairs > 1)[:, 0] == (pairs > 1)[:, 1]).all()), len(pairs)
        (True, 3)
    """

    def __init__(self, dataset: Any, shuffle: bool = True, seed: int | None = None) -> None:
        if not shuffle:
            raise ValueError('SameClassPairs draws its pairs: shuffle must be True')
        if hasattr(dataset, 'get_gt_labels'):
            labels = np.asarray(dataset.get_gt_labels())
        else:
            labels = np.array([dataset.get_cat_ids(index)[0] for index in range(len(dataset))])
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        for places in self.members:
            if len(places) < 2:
                label = int(labels[places[0]])
                names = (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()
                name = f' ({names[label]})' if label < len(names) else ''
                raise ValueError(
                    f'SameClassPairs needs at least two images of each class, but class {label}{name} has one; add an '
                    'image or leave the class out'
                )
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self.epoch = 0
        pairs = sum(-(-len(places) // 2) for places in self.members)
        self.pairs = -(-pairs // self.world_size)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        drawn = []
        for places in self.members:
            order = rng.permutation(places)
            if len(order) % 2:
                order = np.append(order, rng.choice(order[:-1]))
            drawn.append(order.reshape(-1, 2))
        pairs = rng.permutation(np.concatenate(drawn))  # of rows
        pairs = np.resize(pairs, (self.pairs * self.world_size, 2))
        return iter(pairs[self.rank :: self.world_size].flatten().tolist())

    def __len__(self) -> int:
        return 2 * self.pairs

    def set_epoch(self, epoch: int) -> None:
        """Draw the pairs of this epoch, as mmengine asks before each."""
        self.epoch = epoch
