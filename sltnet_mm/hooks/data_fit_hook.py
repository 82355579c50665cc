"""A hook that stops a run before its first iteration when the training data do not fit the model."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS


@HOOKS.register_module()
class DataFitHook(Hook):
    """Before training, see that the training data fill a batch and have as many classes as every head.

    On a GPU a label beyond the head's classes is a device-side failure without a name, and an epoch without a single
    batch trains nothing without a word; here both are errors.

    Raises:
        ValueError: The numbers do not fit.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare once, before the first iteration."""
        loader = runner.train_dataloader
        if len(loader) == 0:
            raise ValueError(
                f'the {len(loader.dataset)} training images do not fill one batch of {loader.batch_size}: lower '
                'train_dataloader.batch_size, or set train_dataloader.drop_last=False'
            )
        classes = getattr(loader.dataset, 'metainfo', {}).get('classes')
        if classes is None:
            return
        for name, module in unwrap(runner.model).named_modules():
            count = getattr(module, 'num_classes', None)
            if name.endswith('rpn_head'):  # a proposal is an object or none, whatever the classes
                continue
            if isinstance(count, int) and name.endswith('head') and count != len(classes):
                raise ValueError(
                    f'model.{name}.num_classes is {count}, but the training data has {len(classes)} classes '
                    f'({", ".join(map(str, classes[:3]))}, ...): set num_classes={len(classes)}'
                )
