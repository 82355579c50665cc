"""Log what modules counted, without a host sync in every step."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import logging_interval, unwrap
from sltnet_mm.registry import HOOKS


@HOOKS.register_module()
class StatisticsHook(Hook):
    """At the logging interval, log every module's ``statistics`` (name -> number, or detached scalar tensor).

    :class:`~sltnet_mm.models.SMTLoss` gives ``tolerated`` (share of the batch inside the tolerance), SLTNet (and,
    trained offline, SingleBoxHead) ``images_without_pseudo_box`` (count since the start). Names that two modules share
    are preceded by the module's path.
    """

    priority = 'NORMAL'  # before LoggerHook (BELOW_NORMAL), which writes what is put into the message hub

    def before_train(self, runner: Runner) -> None:
        """Find the modules that keep statistics."""
        self._interval = logging_interval(runner)
        self._modules = [
            (name, module)
            for name, module in unwrap(runner.model).named_modules()
            if isinstance(getattr(module, 'statistics', None), dict)
        ]

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Fetch and log, at the interval only."""
        if not self.every_n_inner_iters(batch_idx, self._interval):
            return
        names = [key for _, module in self._modules for key in module.statistics]
        for path, module in self._modules:
            for key, value in module.statistics.items():
                name = key if names.count(key) == 1 else f'{path}.{key}'
                runner.message_hub.update_scalar(f'train/{name}', float(value))
