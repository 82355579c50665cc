"""Conversion between the normalized images that a network sees and RGB in [0, 1], in which colors are adjusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class ImageRange:
    """The normalization of a model's data preprocessor, undone before a transform and applied again after it.

    Args:
        mean: Per channel, in the order of the normalized images, on the scale 0-255.
        std: Per channel, on the same scale.
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
        """The range of a model, read from the ``data_preprocessor`` of the *root* model.

        The preprocessors of its parts do not normalize.

        Args:
            model: The unwrapped model.
            channel_order: 'rgb', 'bgr', or None: BGR, as mmcv loads images, unless the preprocessor swaps the channels.

        Returns:
            The range; for a preprocessor without normalization, mean 0 and standard deviation 1.
        """
        preprocessor: Any = getattr(model, 'data_preprocessor', None)
        swaps = getattr(preprocessor, '_channel_conversion', False) or getattr(preprocessor, 'to_rgb', False)
        bgr = channel_order == 'bgr' if channel_order else not swaps
        if not getattr(preprocessor, '_enable_normalize', False):
            device = next((parameter.device for parameter in model.parameters()), None)
            return cls(torch.zeros(3, device=device), torch.ones(3, device=device), bgr)
        return cls(preprocessor.mean, preprocessor.std, bgr)

    def transform(self, images: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply ``function`` to the images as RGB in [0, 1], and normalize the result again.

        Args:
            images: Normalized images, B x 3 x H x W.
            function: Maps B x 3 x H x W in [0, 1] to B x 3 x H' x W'.

        Returns:
            Normalized images, B x 3 x H' x W'.
        """
        mean, std = self.mean.to(images), self.std.to(images)
        rgb = torch.addcmul(mean / 255, images, std / 255)  # one pass over the images each way
        rgb = function(rgb.flip(1) if self.bgr else rgb)
        return torch.addcmul(-mean / std, rgb.flip(1) if self.bgr else rgb, 255 / std)
