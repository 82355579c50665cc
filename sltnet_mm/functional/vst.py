"""Visual stimulus tolerance (VST): the loss of eq. 13, and ways to bring maps to a common scale for it.

Guo et al., *Strengthen Learning Tolerance for Weakly Supervised Object Localization*, CVPR 2021, Sec. 3.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_choice, check_tensor, full_precision

NORMALIZATIONS = ('none', 'class_minmax', 'batch_std', 'standardize')

# Under mixed precision, maps arrive in half precision: a spread below its resolution is rounding noise and must not be
# amplified to unit spread.
NOISE = torch.finfo(torch.float16).eps  # 2 ** -10
# Interpolating a constant in float32 leaves differences of a few units in the last place; up to 8 count as flat.
INTERPOLATION_NOISE = 8 * torch.finfo(torch.float32).eps


def vst_loss(maps: Tensor, restored_maps: Tensor, reduction: str = 'mean') -> Tensor:
    r"""The visual stimulus tolerance loss: squared distance between maps and the restored maps of a view.

    .. math::
        L_{VST} = \frac{1}{W \times H} \lVert M^{o} - M^{it} \rVert_2^2, \qquad M^{it} = g'(M^{t})

    This is eq. 13, with :math:`M^{it}` from eq. 12. As written, it divides by W x H only, which sums over the classes;
    the paper's text calls it the mean squared error. 'class_sum' is the formula, 'mean' is the text: 'class_sum' is C
    times as large. Gradients flow to both sides.

    Args:
        maps: :math:`M^{o}`, the class maps of the original images, B x C x h x w.
        restored_maps: :math:`M^{it}`, the class maps of the views after ``view.invert``, of the same shape.
        reduction: 'mean' over all elements; 'class_sum': sum over classes, mean over cells and batch.

    Returns:
        A scalar, computed and returned in float32 (float64 if both inputs are). An empty batch gives 0, which can be
        differentiated.

    Raises:
        TypeError: If a map is not a floating tensor.
        ValueError: If the shapes differ or ``reduction`` is unknown.

    Example:
        >>> import torch
        >>> maps, restored = torch.zeros(2, 5, 4, 4), torch.full((2, 5, 4, 4), 3.0)
        >>> vst_loss(maps, restored), vst_loss(maps, restored, reduction='class_sum')
        (tensor(9.), tensor(45.))
    """
    check_tensor('maps', maps, 'BxCxhxw', 4)
    check_tensor('restored_maps', restored_maps, 'BxCxhxw', 4)
    check_choice('reduction', reduction, ('mean', 'class_sum'))
    if maps.shape != restored_maps.shape:
        raise ValueError(
            f'maps and restored_maps must have the same shape, got {tuple(maps.shape)} and '
            f'{tuple(restored_maps.shape)}; restore maps of a view with its invert(maps, params, size)'
        )
    total = (full_precision(maps) - full_precision(restored_maps)).square().sum()
    classes = maps.shape[1] if reduction == 'class_sum' else 1
    return total * classes / max(maps.numel(), 1)


def normalize_maps(maps: Tensor, how: str = 'none', reference: Tensor | None = None) -> Tensor:
    r"""Bring class maps to a scale on which eq. 13 means the same for every network; apply it to both sides.

    On raw maps, eq. 13 is smallest when all maps are constant, and its weight depends on the scale of the maps. With
    :math:`M_c` the map of class c, the choices are:

    - 'none': the raw maps.
    - 'class_minmax': each class map scaled to [0, 1], :math:`(M_c - \min M_c) / (\max M_c - \min M_c)`, with gradient.
      Invariant to :math:`a_c M_c + b_c` with :math:`a_c > 0`.
    - 'batch_std': :math:`M / s`, with s the standard deviation of all of ``reference``, without gradient. The value of
      the loss is invariant to :math:`a M`, but its gradient still shrinks the maps.
    - 'standardize': per image, :math:`(M_c - \text{mean } M_c) / s`, with s the joint standard deviation over classes
      and cells after the subtraction, with gradient. Invariant to :math:`a M_c + b_c`, with the same a > 0 for all
      classes of an image.

    Only 'class_minmax' and 'standardize' keep the loss from being lowered by shrinking or flattening the maps.

    Args:
        maps: B x C x h x w.
        how: One of the four names above.
        reference: Maps that give the scale of 'batch_std', ``maps`` by default. Pass the maps of the original for both
            sides, so that both are divided by the same number. The other choices ignore it.

    Returns:
        The normalized maps, of the same shape; float32 for half precision. Values and gradients stay finite: with
        'class_minmax', a constant class map gives zeros with zero gradient; the standard deviations are at least 2^-10
        (the resolution of half precision) times the root mean square of the values, and 1 if all values are 0.

    Raises:
        TypeError: If ``maps`` is not a floating tensor.
        ValueError: If ``maps`` does not have four dimensions or ``how`` is unknown.

    Example:
        >>> import torch
        >>> maps = torch.rand(2, 5, 7, 7)
        >>> torch.allclose(normalize_maps(9 * maps + 4, 'standardize'), normalize_maps(maps, 'standardize'), atol=1e-4)
        True
        >>> flat = normalize_maps(torch.ones(1, 1, 2, 2), 'class_minmax')
        >>> flat.flatten()
        tensor([0., 0., 0., 0.])
    """
    check_tensor('maps', maps, 'BxCxhxw', 4)
    check_choice('how', how, NORMALIZATIONS)
    maps = full_precision(maps)
    if how == 'class_minmax':
        return _class_minmax(maps)
    if how == 'batch_std':
        reference = maps if reference is None else full_precision(reference)
        return maps / _spread(reference.detach() - reference.detach().mean(), reference, dims=(0, 1, 2, 3))
    if how == 'standardize':
        centered = maps - maps.mean((2, 3), keepdim=True)
        return centered / _spread(centered, maps, dims=(1, 2, 3))
    return maps


def _class_minmax(maps: Tensor) -> Tensor:
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    span = high - low
    # The smallest normal number keeps 1 / span finite.
    noise = INTERPOLATION_NOISE * torch.maximum(high.abs(), low.abs()) + torch.finfo(torch.float32).tiny
    flat = span.isfinite() & (span <= noise)
    # Flat maps are divided by 1, then dropped: a division by 0 would put NaN even into the gradient of dropped values.
    return torch.where(flat, 0, (maps - low) / torch.where(flat, 1, span))


def _spread(centered: Tensor, raw: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Root mean square of ``centered`` over ``dims``, at least NOISE times that of ``raw``; 1 if both are 0."""
    floor = NOISE**2 * raw.detach().square().mean(dims, keepdim=True)
    variance = centered.square().mean(dims, keepdim=True) + floor
    return torch.where(variance == 0, 1, variance).sqrt()
