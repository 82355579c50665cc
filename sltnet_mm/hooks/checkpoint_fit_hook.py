"""A hook that rejects a checkpoint that does not fit the model."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.checkpoints import check_classes, check_fit
from sltnet_mm.weights.wrappers import unwrap

_NAMES = dict(train='training', val='validation', test='test')


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Raise if a checkpoint does not fit the model, before it is loaded.

    mmengine only logs a mismatch, so a test would run on random weights. Where the classes of the model decide, in a
    test, a validation or a resumed training, the class names that the checkpoint was trained with are compared too.

    Args:
        may_miss: Prefixes of parameters that the checkpoint may lack or hold in another shape, such as ``('head.',)``
            when a model is fine-tuned on other classes.

    Raises:
        ValueError: If (when a checkpoint is loaded) parameters are missing or have another shape, or the data have
            other classes than the checkpoint.

    Example:
        >>> CheckpointFitHook(may_miss=['head.']).may_miss
        ('head.',)
    """

    def __init__(self, may_miss: Sequence[str] = ()) -> None:
        self.may_miss = tuple(may_miss)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare names and shapes of the parameters, and the class names."""
        model = unwrap(runner.model)
        check_fit(model, checkpoint, self.may_miss)
        loops = {
            name: getattr(runner, f'_{name}_loop')
            for name in ('train', 'val', 'test')
            if isinstance(getattr(runner, f'_{name}_loop'), BaseLoop)
        }
        if 'train' in loops and not runner._resume:
            return  # fine-tuning: the classes are learned anew
        for name, loop in loops.items():
            check_classes(model, checkpoint, loop.dataloader.dataset, f'the {_NAMES[name]} data')
