"""A hook that logs what modules count, without a host synchronization in every iteration."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import logging_interval
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.wrappers import unwrap


@HOOKS.register_module()
class StatisticsHook(Hook):
    """Log the ``statistics`` of every module (name -> number, or detached scalar tensor) at the logging interval.

    :class:`~sltnet_mm.models.SMTLoss` has ``tolerated``, the fraction of the batch whose label is among the top K.
    SLTNet (and SingleBoxHead, if trained on stored pseudo boxes) has ``images_without_pseudo_box``, a count since the
    start. A name that two modules share is logged with the module's path in front.
    """

    priority = 'NORMAL'  # before LoggerHook (BELOW_NORMAL), which writes the contents of the message hub

    def before_train(self, runner: Runner) -> None:
        """Find the modules that keep statistics."""
        self._interval = logging_interval(runner)
        self._modules = [
            (name, module)
            for name, module in unwrap(runner.model).named_modules()
            if isinstance(getattr(module, 'statistics', None), dict)
        ]

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Fetch and log the statistics, at the interval only."""
        if not self.every_n_inner_iters(batch_idx, self._interval):
            return
        names = [key for _, module in self._modules for key in module.statistics]
        for path, module in self._modules:
            for key, value in module.statistics.items():
                name = key if names.count(key) == 1 else f'{path}.{key}'
                runner.message_hub.update_scalar(f'train/{name}', float(value))
