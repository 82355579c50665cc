"""The attention-based dropout layer (ADL) behind layers of any model, from the config alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from sltnet_mm.functional.hiding import attention_drop_mask, attention_importance
from sltnet_mm.hooks.map_layer import find_module
from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.wrappers import unwrap


@HOOKS.register_module()
class ADLHook(Hook):
    r"""Put the attention-based dropout layer (Choe and Shim, CVPR 2019) behind named layers, for training.

    .. math::
        F' = \begin{cases} F \odot D & \text{with probability drop\_rate} \\ F \odot I & \text{otherwise} \end{cases}

    D drops the cells whose channel mean is at least ``gamma`` times the highest of the image
    (:func:`sltnet_mm.functional.attention_drop_mask`), I is the sigmoid of the channel mean
    (:func:`sltnet_mm.functional.attention_importance`). One draw decides for the whole batch. ADL has no parameters and
    does nothing outside training, so a checkpoint is that of the plain model.

    Args:
        layers: Dotted names of layers, in the model, that return feature maps B x N x h x w behind a ReLU.
        drop_rate: Probability in [0, 1] of the drop mask.
        gamma: In [0, 1].

    Raises:
        ValueError: If a number is out of range, no layer is given, or (before training) a layer does not exist; the
            message lists those that do.
        TypeError: If (in training) a layer does not return feature maps.

    Example:
        >>> ADLHook(['backbone.features.16'], drop_rate=0.75, gamma=0.8).layers
        ('backbone.features.16',)
    """

    def __init__(self, layers: Sequence[str], drop_rate: float = 0.75, gamma: float = 0.9) -> None:
        self.layers = (layers,) if isinstance(layers, str) else tuple(layers)
        if not self.layers:
            raise ValueError('ADLHook: layers must name at least one layer')
        for name, value in (('drop_rate', drop_rate), ('gamma', gamma)):
            if not 0 <= value <= 1:
                raise ValueError(f'ADLHook: {name} must be in [0, 1], got {value}')
        self.drop_rate = drop_rate
        self.gamma = gamma
        self._handles: list = []

    def before_train(self, runner: Runner) -> None:
        """Attach the layer to the unwrapped model."""
        model = unwrap(runner.model)
        found = [find_module(model, name, 'layers', 'ADLHook') for name in self.layers]
        self._handles = [layer.register_forward_hook(self._drop) for layer in found]

    def after_train(self, runner: Runner) -> None:
        """Remove it."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _drop(self, layer: nn.Module, args: tuple, output: Any) -> Tensor | None:
        if not layer.training:
            return None
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise TypeError(
                f'ADLHook: layers must return feature maps B x N x h x w, but {type(layer).__name__} returns '
                f'{tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__}'
            )
        drop = bool(torch.rand(()) < self.drop_rate)  # on the CPU, so that the host does not wait for the device
        return output * (attention_drop_mask(output, self.gamma) if drop else attention_importance(output))
