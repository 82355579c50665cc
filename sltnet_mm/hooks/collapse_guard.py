"""Say, loudly and early, that the class maps are collapsing to constants."""

from __future__ import annotations

from torch import Tensor


def spatial_deviation(maps: Tensor) -> Tensor:
    """Mean over samples and classes of the maps' spatial standard deviation: a detached scalar.

    Args:
        maps: B x C x h x w.

    Example:
        >>> import torch
        >>> spatial_deviation(torch.tensor([[[[1., -1.], [1., -1.]]]]))
        tensor(1.)
    """
    return maps.detach().float().flatten(2).std(dim=2, correction=0).mean()


class CollapseGuard:
    """Watches the maps' spatial deviation relative to its value at the first iteration.

    L_VST has a trivial minimum: maps that are constants are the same in every view. A weight too large for the scale of
    the maps drives a network into it; the classification loss then stays at log C and no box can be found.

    Args:
        share: What counts as collapsed, relative to the first value (0.05).
        patience: After how many such values in a row the one warning comes (3).
        advice: What to set, for the message.

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
        """Take ``value`` as that of the first iteration."""
        self.first = value

    def update(self, value: float, iteration: int) -> str | None:
        """Take one more value; the warning when this one brings it (once), else None."""
        if self.first is None:
            raise RuntimeError('CollapseGuard.update before start')
        self._low = self._low + 1 if value <= self.share * self.first else 0
        if self._low < self.patience or self._warned:
            return None
        self._warned = True
        return (
            f'The class maps are collapsing to constants: at iteration {iteration} their spatial standard deviation is '
            f'{value:.3g}, against {self.first:.3g} at the first iteration, '
            f'{self.patience} checks in a row. Localization is lost from here on. {self.advice}'
        )
