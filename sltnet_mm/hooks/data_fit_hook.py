"""A hook that stops a run before its first iteration if the training data do not fit the model."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS


@HOOKS.register_module()
class DataFitHook(Hook):
    """Check before training that the data fill a batch and have as many classes as every head.

    On a GPU, a label beyond the head's classes is a device-side failure that names nothing, and an epoch without a
    single batch silently trains nothing. Both are clear errors here. mmpretrain's ``ClassNumCheckHook`` and mmdet's
    ``NumClassCheckHook`` compare the classes only.

    Raises:
        ValueError: If (before training) the data do not fill a batch or the numbers of classes differ.
    """

    def before_train(self, runner: Runner) -> None:
        """Check once, before the first iteration."""
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
            if name.endswith('rpn_head'):  # proposals have one class, object, whatever the data
                continue
            if isinstance(count, int) and name.endswith('head') and count != len(classes):
                raise ValueError(
                    f'model.{name}.num_classes is {count}, but the training data has {len(classes)} classes '
                    f'({", ".join(map(str, classes[:3]))}, ...): set num_classes={len(classes)}'
                )
