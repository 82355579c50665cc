"""A hook that rejects a checkpoint that does not fit the model."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.checkpoints import check_fit


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Raise if a checkpoint does not fit the model, before it is loaded.

    mmengine only logs a mismatch, so a test would run on random weights.

    Args:
        may_miss: Prefixes of parameters that the checkpoint may lack or hold in another shape, such as ``('head.',)``
            when a model is fine-tuned on other classes.

    Raises:
        ValueError: If (when a checkpoint is loaded) parameters are missing or have another shape.

    Example:
        >>> CheckpointFitHook(may_miss=['head.']).may_miss
        ('head.',)
    """

    def __init__(self, may_miss: Sequence[str] = ()) -> None:
        self.may_miss = tuple(may_miss)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare names and shapes of the parameters."""
        check_fit(unwrap(runner.model), checkpoint, self.may_miss)
