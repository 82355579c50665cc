"""A small, plain convolutional network for small images."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from sltnet_mm.registry import MODELS


@MODELS.register_module()
class SmallConvNet(BaseModule):
    """Five 3x3 convolutions with batch norm, ReLU and optional max pooling, for the synthetic data set.

    Args:
        width: Channels of the first layer; the layers have width x (1, 2, 2, 4, 4) channels. 12 trains within a minute
            on one CPU core.
        pools: Layers (0 to 4) after which height and width are halved; ``(0, 1)`` gives output stride 4. A localizer on
            64x64 images needs the 16x16 maps of stride 4; with 8x8 maps, its boxes are far too large.
        init_cfg: None keeps torch's own initialization. It learns faster here than Kaiming's larger weights, which,
            followed by batch norm, only lower the effective learning rate.

    Raises:
        ValueError: If ``width`` is below 1 or ``pools`` names a layer that does not exist.

    Example:
        >>> import torch
        >>> SmallConvNet(width=8)(torch.rand(1, 3, 64, 64))[0].shape
        torch.Size([1, 32, 16, 16])
    """

    _FACTORS = (1, 2, 2, 4, 4)

    def __init__(self, width: int = 12, pools: Sequence[int] = (0, 1), init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        if width < 1:
            raise ValueError(f'SmallConvNet: width must be at least 1, got {width}')
        if not set(pools) <= set(range(len(self._FACTORS))):
            raise ValueError(f'SmallConvNet: pools must be among 0 ... {len(self._FACTORS) - 1}, got {tuple(pools)}')
        layers: list[nn.Module] = []
        in_channels = 3
        for i, factor in enumerate(self._FACTORS):
            layers += [
                nn.Conv2d(in_channels, width * factor, 3, padding=1, bias=False),
                nn.BatchNorm2d(width * factor),
                nn.ReLU(inplace=True),
            ]
            if i in pools:
                layers.append(nn.MaxPool2d(2))
            in_channels = width * factor
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images B x 3 x H x W: one tensor B x 4*width x H/s x W/s with s = 2 ** number of pools."""
        return (self.layers(images),)
