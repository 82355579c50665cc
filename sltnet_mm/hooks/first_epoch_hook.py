"""A hook that warns after the first epoch if the training does not get off the ground."""

from __future__ import annotations

import math

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.wrappers import unwrap

_LOSSES = ('loss_smt', 'loss_cls')
_CHECK = (
    'Check that the weights and the preprocessing belong together (model.data_preprocessor: order of the channels, '
    'mean, std; docs/networks.md), that the labels are right, and lower the learning rate'
)


@HOOKS.register_module()
class FirstEpochHook(Hook):
    """Warn after the first epoch if the classification loss did not fall, or most pseudo boxes are the whole image.

    Weights with another preprocessing, labels in disorder and too high a rate train without an error. The loss then
    stays near that of guessing, log C for C classes, or rises, and the score maps have no edge. Nothing is stopped.

    Args:
        least_iterations: With fewer iterations in the first epoch nothing is said.
        most_whole_images: Largest share of pseudo boxes that cover the whole image, in the last quarter of the epoch.

    Raises:
        ValueError: If ``least_iterations`` is below 4, or ``most_whole_images`` outside [0, 1].

    Example:
        >>> FirstEpochHook(least_iterations=20).most_whole_images
        0.5
    """

    priority = 'LOW'  # after LoggerHook has written the epoch

    def __init__(self, least_iterations: int = 16, most_whole_images: float = 0.5) -> None:
        if least_iterations < 4:
            raise ValueError(f'FirstEpochHook: least_iterations must be at least 4, got {least_iterations}')
        if not 0 <= most_whole_images <= 1:
            raise ValueError(f'FirstEpochHook: most_whole_images must be in [0, 1], got {most_whole_images}')
        self.least_iterations = least_iterations
        self.most_whole_images = most_whole_images

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the first epoch's losses and boxes."""
        if runner.epoch != 0 or runner.iter < self.least_iterations:
            return
        for name in _LOSSES:
            self._look_at_loss(runner, name)
        boxes = _history(runner, 'whole_image_boxes')
        share = float(boxes[-max(1, len(boxes) // 4) :].mean()) if len(boxes) else 0.0
        if share > self.most_whole_images:
            runner.logger.warning(
                f'{share:.0%} of the pseudo boxes at the end of the first epoch are the whole image: the score maps '
                f'show no object. {_CHECK}'
            )

    def _look_at_loss(self, runner: Runner, name: str) -> None:
        losses = _history(runner, name)
        if len(losses) < self.least_iterations:
            return
        quarter = len(losses) // 4
        first, last = float(losses[:quarter].mean()), float(losses[-quarter:].mean())
        classes = _num_classes(runner)
        guessing = '' if classes is None else f' (guessing among {classes} classes has log C = {math.log(classes):.2f})'
        if last >= first:
            runner.logger.warning(
                f'{name} did not fall in the first epoch: {first:.2f} in its first quarter, {last:.2f} in its '
                f'last{guessing}. {_CHECK}'
            )


def _history(runner: Runner, name: str) -> np.ndarray:
    buffer = runner.message_hub.log_scalars.get(f'train/{name}')
    return np.zeros(0) if buffer is None else np.asarray(buffer.data[0], np.float64)


def _num_classes(runner: Runner) -> int | None:
    model = unwrap(runner.model)
    return getattr(getattr(getattr(model, 'localizer', model), 'head', None), 'num_classes', None)
