"""A hook that stops a run before its first iteration if its data fit neither the model nor one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.orientation import dataset_parts
from sltnet_mm.registry import HOOKS
from sltnet_mm.structures.class_names import check_class_names, class_names_of
from sltnet_mm.weights.wrappers import unwrap


@HOOKS.register_module()
class DataFitHook(Hook):
    """Check before training that the data fill a batch, fit every head, and that the data evaluated fit them.

    On a GPU, a label beyond the head's classes is a device-side failure that names nothing, and an epoch without a
    single batch silently trains nothing. If the validation or test data have other class names, or the same in another
    order, their labels mean something else, and every number about classes is wrong. A box outside its image would end
    the run at the first validation. All are clear errors here. mmpretrain's ``ClassNumCheckHook`` and mmdet's
    ``NumClassCheckHook`` compare the numbers of classes only.

    Raises:
        ValueError: If (before training) the data do not fill a batch, the numbers of classes differ, or the validation
            data have other classes or a box outside its image; or (before a test) the test data do.
    """

    def before_train(self, runner: Runner) -> None:
        """Check once, before the first iteration."""
        loader = runner.train_dataloader
        if len(loader) == 0:
            raise ValueError(
                f'the {len(loader.dataset)} training images do not fill one batch of {loader.batch_size}: lower '
                'train_dataloader.batch_size, or set train_dataloader.drop_last=False'
            )
        classes = class_names_of(getattr(loader.dataset, 'metainfo', None))
        if runner.val_loop is not None:
            self._check_evaluated(runner.val_dataloader.dataset, 'the validation data', classes)
        if not classes:
            return
        for name, module in unwrap(runner.model).named_modules():
            count = getattr(module, 'num_classes', None)
            if name.endswith('rpn_head'):  # proposals have one class, object, whatever the data
                continue
            if isinstance(count, int) and name.endswith('head') and count != len(classes):
                raise ValueError(
                    f'model.{name}.num_classes is {count}, but the training data has {len(classes)} classes '
                    f'({", ".join(classes[:3])}, ...): set num_classes={len(classes)}'
                )

    def before_test(self, runner: Runner) -> None:
        """Check the test data, also against the training data if this runner has trained."""
        trained = isinstance(runner._train_loop, BaseLoop)
        meta = getattr(runner.train_dataloader.dataset, 'metainfo', None) if trained else None
        self._check_evaluated(runner.test_dataloader.dataset, 'the test data', class_names_of(meta))

    @staticmethod
    def _check_evaluated(dataset: Any, name: str, classes: Sequence[str]) -> None:
        check_class_names(classes, 'the training data', class_names_of(getattr(dataset, 'metainfo', None)), name)
        for part in dataset_parts(dataset):
            if isinstance(part, LocalizationDataset):
                part.check_boxes()
