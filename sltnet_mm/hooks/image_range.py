"""Between the normalized images that a network sees and RGB in [0, 1], where color means something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class ImageRange:
    """The normalization of a model's data preprocessor, to be undone and done again around a transform.

    Args:
        mean: Per channel, in the order of the normalized images, 0-255.
        std: Per channel.
        bgr: Whether the normalized images are BGR.

    Example:
        >>> import torch
        >>> images = torch.rand(2, 3, 4, 4) * 4 - 2
        >>> kept = ImageRange(torch.full((3, ), 120.), torch.full((3, ), 60.), bgr=True)
        >>> torch.allclose(kept.transform(images, lambda rgb: rgb), images, atol=1e-5)
        True
    """

    def __init__(self, mean: Tensor, std: Tensor, bgr: bool) -> None:
        self.mean = mean.reshape(-1, 1, 1)
        self.std = std.reshape(-1, 1, 1)
        self.bgr = bgr

    @classmethod
    def of(cls, model: nn.Module, channel_order: str | None = None) -> ImageRange:
        """Read it from the *root* model's ``data_preprocessor``: the parts' own do not normalize.

        Args:
            model: The unwrapped model.
            channel_order: 'rgb', 'bgr', or None: BGR, as mmcv loads images, unless the preprocessor swaps the channels.
        """
        preprocessor: Any = getattr(model, 'data_preprocessor', None)
        swaps = getattr(preprocessor, '_channel_conversion', False) or getattr(preprocessor, 'to_rgb', False)
        bgr = channel_order == 'bgr' if channel_order else not swaps
        if not getattr(preprocessor, '_enable_normalize', False):
            device = next((parameter.device for parameter in model.parameters()), None)
            return cls(torch.zeros(3, device=device), torch.ones(3, device=device), bgr)
        return cls(preprocessor.mean, preprocessor.std, bgr)

    def transform(self, images: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """``function`` of the images as RGB in [0, 1], normalized again.

        Args:
            images: Normalized images, B x 3 x H x W.
            function: B x 3 x H x W in [0, 1] to B x 3 x H' x W'.
        """
        mean, std = self.mean.to(images), self.std.to(images)
        rgb = torch.addcmul(mean / 255, images, std / 255)  # one pass over the images each way
        rgb = function(rgb.flip(1) if self.bgr else rgb)
        return torch.addcmul(-mean / std, rgb.flip(1) if self.bgr else rgb, 255 / std)
