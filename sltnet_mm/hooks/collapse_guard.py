"""An early warning that the class maps are collapsing to constants."""

from __future__ import annotations

from torch import Tensor


def spatial_deviation(maps: Tensor) -> Tensor:
    """The spatial standard deviation of the maps, averaged over samples and classes: a detached scalar.

    Args:
        maps: B x C x h x w.

    Returns:
        A float32 scalar.

    Example:
        >>> import torch
        >>> spatial_deviation(torch.tensor([[[[1., -1.], [1., -1.]]]]))
        tensor(1.)
    """
    return maps.detach().float().flatten(2).std(dim=2, correction=0).mean()


class CollapseGuard:
    """Watches the maps' spatial deviation relative to its value at the first iteration.

    L_VST has a trivial minimum: constant maps are the same in every view. If its weight is too large for the scale of
    the maps, it drives the network there. The classification loss then stays at log C, and no box can be found.

    Args:
        advice: What to change, appended to the warning.
        share: Fraction of the first value at or below which the maps count as collapsed.
        patience: Number of such values in a row after which the one warning is given.

    Example:
        >>> guard = CollapseGuard(advice='Set weight=0.1.')
        >>> guard.start(2.0)
        >>> [guard.update(value, iteration=10) is None for value in (1.9, 0.05, 0.04, 0.03, 0.03)]
        [True, True, True, False, True]
    """

    def __init__(self, advice: str, share: float = 0.05, patience: int = 3) -> None:
        self.share = share
        self.patience = patience
        self.advice = advice
        self.first: float | None = None
        self._low = 0
        self._warned = False

    def start(self, value: float) -> None:
        """Set the value of the first iteration."""
        self.first = value

    def update(self, value: float, iteration: int) -> str | None:
        """Add a value; give the warning if this value triggers it (once), otherwise None.

        Raises:
            RuntimeError: If ``start`` was not called before.
        """
        if self.first is None:
            raise RuntimeError('CollapseGuard.update was called before start')
        self._low = self._low + 1 if value <= self.share * self.first else 0
        if self._low < self.patience or self._warned:
            return None
        self._warned = True
        return (
            f'The class maps are collapsing to constants: at iteration {iteration} their spatial standard deviation is '
            f'{value:.3g}, against {self.first:.3g} at the first iteration, '
            f'{self.patience} checks in a row. Localization is lost from here on. {self.advice}'
        )
