"""Which part's box an SLT-Net gives: the choice, and its place in checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SOURCES = ('regressor', 'localizer')
BOX_FROM = ('auto', *SOURCES)
LEAST_AGREEMENT = 0.9
"""Share of the training images on which the regressor must agree with its localizer to be taken unmeasured."""
_META = 'box_from'  # its name in a checkpoint's meta


@dataclass(frozen=True)
class BoxChoice:
    """The part whose box is taken where ``test_cfg.box_from`` is 'auto'.

    Args:
        source: 'regressor' or 'localizer'.
        reason: Why, for people.

    Example:
        >>> BoxChoice.by_accuracy(regressor=85.2, localizer=83.1)
        BoxChoice(source='regressor', reason='GT-known on the validation split: regressor 85.2, localizer 83.1')
        >>> BoxChoice.by_accuracy(regressor=None, localizer=83.1).source
        'regressor'
    """

    source: str
    reason: str

    @classmethod
    def by_accuracy(cls, regressor: float | None, localizer: float | None) -> BoxChoice:
        """The better part on the validation split; the regressor where they are equal or one was not measured."""
        if regressor is None or localizer is None:
            return cls('regressor', 'no validation measured both parts on true boxes')
        reason = f'GT-known on the validation split: regressor {regressor:.1f}, localizer {localizer:.1f}'
        return cls('localizer' if localizer > regressor else 'regressor', reason)

    @classmethod
    def by_agreement(cls, agreement: float) -> BoxChoice:
        """The choice without true boxes: the regressor only if it has learned the boxes of its localizer.

        A regressor that was trained too briefly, or on too few images, gives nearly the same box for every image.

        Args:
            agreement: Share of the training images in [0, 1] on which both parts' boxes overlap with IoU above 0.5.
        """
        reason = (
            f"no true boxes to choose by; the regressor's box agrees with the localizer's on {agreement:.0%} of the "
            f'training images, and {LEAST_AGREEMENT:.0%} are asked for'
        )
        return cls('regressor' if agreement >= LEAST_AGREEMENT else 'localizer', reason)

    @classmethod
    def of_checkpoint(cls, checkpoint: Mapping[str, Any]) -> BoxChoice:
        """The choice in a checkpoint's ``meta``; the regressor where it holds none."""
        found = checkpoint.get('meta', {}).get(_META)
        return cls('regressor', 'the checkpoint says nothing of a validation') if found is None else cls(**found)

    def write(self, checkpoint: dict[str, Any]) -> None:
        """Put the choice into a checkpoint's ``meta``."""
        checkpoint.setdefault('meta', {})[_META] = asdict(self)
