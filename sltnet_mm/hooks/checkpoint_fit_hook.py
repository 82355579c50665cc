"""A hook that refuses a checkpoint that does not fit the model."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.checkpoints import check_fit


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuse a checkpoint that does not fit the model, before it is loaded.

    mmengine logs a mismatch and goes on, so that a test would run on random weights.

    Args:
        may_miss: Prefixes of parameters that a checkpoint may lack or hold in another shape, as ``('head.',)`` when a
            model is fine-tuned on other classes.

    Raises:
        ValueError: Parameters are missing or of another shape.
    """

    def __init__(self, may_miss: Sequence[str] = ()) -> None:
        self.may_miss = tuple(may_miss)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare names and shapes."""
        check_fit(unwrap(runner.model), checkpoint, self.may_miss)
