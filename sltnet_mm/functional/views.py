r"""Views g of images, and their inverses g' on class maps: eq. 10 and 12.

.. math::
    I^{t} = g(I), \qquad M^{it} = g'(M^{t})

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021, Sec. 3.4. Only the
spatial part of a view is undone on maps.

Every view has ``draw(images, generator) -> params``, ``apply(images, params) -> images`` and ``invert(maps, params,
size) -> maps``. All randomness is in ``draw``; ``apply`` and ``invert`` are deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_fraction, check_tensor
from sltnet_mm.functional._random import uniform
from sltnet_mm.functional.color import adjust_color
from sltnet_mm.functional.resize import resize_maps


class View(Protocol):
    """The interface of a view: ``Compose`` and the training hook accept any class with these three methods."""

    def draw(self, images: Tensor, generator: torch.Generator | None = None) -> Any:
        """Draw the parameters of one application to ``images``, B x C x H x W."""

    def apply(self, images: Tensor, params: Any) -> Tensor:
        """The view g(I) of ``images`` under these parameters (eq. 10)."""

    def invert(self, maps: Tensor, params: Any, size: Sequence[int]) -> Tensor:
        """The inverse g' on maps of the view, B x C x h x w: in the frame of the original, at ``size`` (eq. 12)."""


class ColorJitter:
    """Random brightness, contrast, saturation and hue, in this order, drawn per image. Maps are not moved.

    The ranges are those of ``torchvision.transforms.ColorJitter``: factors are uniform in [max(0, 1 - v), 1 + v], the
    hue shift is uniform in [-v, v] turns. The paper does not report values; the defaults are common ones.

    Args:
        brightness: Range v >= 0.
        contrast: Range v >= 0.
        saturation: Range v >= 0.
        hue: Range v in [0, 0.5].

    Raises:
        TypeError: If a range is not a number.
        ValueError: If a range is out of bounds.

    Example:
        >>> import torch
        >>> view, images = ColorJitter(), torch.rand(2, 3, 8, 8)
        >>> params = view.draw(images, torch.Generator().manual_seed(0))
        >>> params.shape, view.apply(images, params).shape
        (torch.Size([2, 4]), torch.Size([2, 3, 8, 8]))
    """

    def __init__(
        self, brightness: float = 0.4, contrast: float = 0.4, saturation: float = 0.4, hue: float = 0.1
    ) -> None:
        for name, value in (('brightness', brightness), ('contrast', contrast), ('saturation', saturation)):
            check_fraction(name, value, 0, math.inf)
        check_fraction('hue', hue, 0, 0.5)
        spread = (brightness, contrast, saturation)
        self.low = (*(max(0.0, 1 - value) for value in spread), -hue)
        self.high = (*(1.0 + value for value in spread), hue)

    def draw(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Brightness, contrast and saturation factors and hue shift, B x 4, float32, on the device of ``images``."""
        _check_images(images)
        fractions = uniform((4, len(images)), images.device, generator)
        return torch.stack(
            [low + (high - low) * row for low, high, row in zip(self.low, self.high, fractions, strict=True)], dim=1
        )

    def apply(self, images: Tensor, params: Tensor) -> Tensor:
        """The jittered images, B x 3 x H x W RGB in [0, 1], clamped to [0, 1] after each step, in the same dtype."""
        _check_images(images)
        return adjust_color(images, *params.unbind(1))

    def invert(self, maps: Tensor, params: Tensor, size: Sequence[int]) -> Tensor:
        """The maps at ``size``: colors move nothing."""
        return resize_maps(maps, size)


class HorizontalFlip:
    """A random left-right flip, drawn per image.

    Args:
        prob: Probability of a flip, in [0, 1]. 0.5 is the usual choice; the paper does not report one.

    Raises:
        TypeError: If ``prob`` is not a number.
        ValueError: If ``prob`` is outside [0, 1].

    Example:
        >>> import torch
        >>> view, images = HorizontalFlip(), torch.arange(6.).view(2, 1, 1, 3)
        >>> flipped = view.apply(images, torch.tensor([True, False]))
        >>> flipped.flatten(1)
        tensor([[2., 1., 0.],
                [3., 4., 5.]])
        >>> torch.equal(view.invert(flipped, torch.tensor([True, False]), size=(1, 3)), images)
        True
    """

    def __init__(self, prob: float = 0.5) -> None:
        check_fraction('prob', prob)
        self.prob = prob

    def draw(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Whether each image is flipped: B, bool, on the device of ``images``."""
        _check_images(images)
        return uniform((len(images),), images.device, generator) < self.prob

    def apply(self, images: Tensor, params: Tensor) -> Tensor:
        """The images, B x C x H x W, with the chosen ones flipped."""
        _check_images(images)
        return torch.where(params[:, None, None, None], images.flip(-1), images)

    def invert(self, maps: Tensor, params: Tensor, size: Sequence[int]) -> Tensor:
        """Maps, B x C x h x w, flipped back and at ``size``; exact if they already have that size."""
        _check_images(maps, 'maps')
        return resize_maps(torch.where(params[:, None, None, None], maps.flip(-1), maps), size)


class Scale:
    """Random rescaling of the whole batch, bilinear with align_corners=False and no antialiasing.

    Args:
        scales: Factors > 0; one per batch is drawn with equal probability, because images of a batch must agree in
            size. The default turns 224 pixels into 196; the paper does not report a value.

    Raises:
        ValueError: If ``scales`` is not a sequence of positive factors.

    Example:
        >>> import torch
        >>> view, images = Scale(), torch.rand(2, 3, 224, 160)
        >>> smaller = view.apply(images, view.draw(images))
        >>> smaller.shape
        torch.Size([2, 3, 196, 140])
        >>> view.invert(torch.rand(2, 5, 12, 9), 0.875, size=(14, 10)).shape
        torch.Size([2, 5, 14, 10])
    """

    def __init__(self, scales: Sequence[float] = (0.875,)) -> None:
        if isinstance(scales, (int, float, str)) or not scales:
            raise ValueError(f'scales must be a sequence of at least one factor, got {scales!r}')
        if not all(0 < scale < math.inf for scale in scales):
            raise ValueError(f'scales must be positive factors, got {tuple(scales)}')
        self.scales = tuple(float(scale) for scale in scales)

    def draw(self, images: Tensor, generator: torch.Generator | None = None) -> float:
        """One of the factors, drawn on the CPU, where the sizes of tensors are decided.

        Raises:
            ValueError: If there are several scales and ``generator`` is not on the CPU.
        """
        _check_images(images)
        if len(self.scales) == 1:
            return self.scales[0]
        if generator is not None and generator.device.type != 'cpu':
            raise ValueError(
                f'generator must be on the CPU if Scale has several scales, got one on '
                f'{generator.device}; pass a CPU torch.Generator(), which all views accept'
            )
        return self.scales[int(torch.randint(len(self.scales), (), generator=generator))]

    def apply(self, images: Tensor, params: float) -> Tensor:
        """The images, B x C x round(scale H) x round(scale W), at least one pixel each way, in the same dtype."""
        _check_images(images)
        return resize_maps(images, [max(1, round(params * side)) for side in images.shape[-2:]])

    def invert(self, maps: Tensor, params: float, size: Sequence[int]) -> Tensor:
        """The maps at ``size``."""
        return resize_maps(maps, size)


class Compose:
    """Several views as one: applied in order, inverted in reverse order.

    Args:
        views: Objects with the methods of ``View``.

    Example:
        >>> import torch
        >>> view = Compose([ColorJitter(), HorizontalFlip(), Scale()])
        >>> images = torch.rand(2, 3, 32, 48)
        >>> params = view.draw(images)
        >>> view.apply(images, params).shape
        torch.Size([2, 3, 28, 42])
        >>> view.invert(torch.rand(2, 7, 4, 5), params, size=(4, 6)).shape
        torch.Size([2, 7, 4, 6])
    """

    def __init__(self, views: Sequence[View]) -> None:
        self.views = tuple(views)

    def draw(self, images: Tensor, generator: torch.Generator | None = None) -> tuple[Any, ...]:
        """The parameters of each view, drawn in order; each view gets the original images."""
        return tuple(view.draw(images, generator) for view in self.views)

    def apply(self, images: Tensor, params: Sequence[Any]) -> Tensor:
        """g(I), eq. 10: the views one after another."""
        for view, param in zip(self.views, params, strict=True):
            images = view.apply(images, param)
        return images

    def invert(self, maps: Tensor, params: Sequence[Any], size: Sequence[int]) -> Tensor:
        """g'(M), eq. 12: the inverses from the last view to the first; always at ``size``, even without views."""
        for view, param in zip(reversed(self.views), reversed(tuple(params)), strict=True):
            maps = view.invert(maps, param, size)
        return resize_maps(maps, size)


def _check_images(images: Tensor, name: str = 'images') -> None:
    check_tensor(name, images, 'BxCxHxW', 4)
