"""Learning tolerance to visual stimulus: the loss of equation 13, and ways to bring maps to a common scale for it."""

from __future__ import annotations

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_choice, check_tensor, full_precision

NORMALIZATIONS = ('none', 'class_minmax', 'batch_std', 'standardize')

# Spread below half precision's resolution of the values themselves is rounding noise, since under mixed precision the
# maps come in half precision; it is not blown up to unit spread.
NOISE = torch.finfo(torch.float16).eps  # 2 ** -10
# Interpolating a constant in float32 leaves differences of a few units in the last place; 8 of them are no shape.
INTERPOLATION_NOISE = 8 * torch.finfo(torch.float32).eps


def vst_loss(maps: Tensor, restored_maps: Tensor, reduction: str = 'mean') -> Tensor:
    """Squared distance between the maps of an image and the restored maps of its view, M^o and M^it (eq. 13).

    Eq. 13 divides the squared norm by W x H only, which sums over the classes; its text says mean squared error.
    'mean' is the latter, 'class_sum' the former, C times as large. Gradients flow to both sides.

    Args:
        maps: M^o, B x C x h x w.
        restored_maps: M^it = g'(M^t), the same shape.
        reduction: 'mean' over all elements; 'class_sum': sum over classes, mean over cells and batch.

    Returns:
        A scalar, computed and returned in float32 (float64 where both are). An empty batch gives 0, with a graph.

    Raises:
        ValueError: The shapes differ, or the reduction is unknown.

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
    """Bring class maps to a scale on which eq. 13 means the same for every network; to be done to both of its sides.

    On raw maps eq. 13 is least where all maps are constant, and its weight depends on the scale of the maps.

    - 'none': what they are.
    - 'class_minmax': each class map to [0, 1], (M_c - min) / (max - min), with gradient. Blind to a_c M_c + b_c with
      a_c > 0.
    - 'batch_std': M / s, s the standard deviation of all of ``reference``, without gradient. The value of the loss is
      blind to a M; its gradient still shrinks the maps.
    - 'standardize': of each image (M_c - mean of M_c) / s, s the joint standard deviation over classes and cells after
      the subtraction, with gradient. Blind to a M_c + b_c, the same a > 0 for all classes of an image.

    Only 'class_minmax' and 'standardize' cannot be made smaller by shrinking or flattening the maps.

    Args:
        maps: B x C x h x w.
        how: One of the four.
        reference: What 'batch_std' takes its scale from, ``maps`` by default. Give the maps of the original for both
            sides, so that both are divided by the same number. The others do not use it.

    Returns:
        The same shape, float32 for half precision. A constant class map gives zeros with zero gradient under
        'class_minmax'; the standard deviations have a floor of 2^-10, half precision's resolution, times the root mean
        square of the values, and where all values are 0 they are taken as 1: values and gradients stay finite.

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
    # The smallest normal number is added so that 1 / span is finite.
    noise = INTERPOLATION_NOISE * torch.maximum(high.abs(), low.abs()) + torch.finfo(torch.float32).tiny
    flat = span.isfinite() & (span <= noise)
    # Divided by 1 and then dropped where flat: a division by 0 would leave NaN in the gradient even of dropped values.
    return torch.where(flat, 0, (maps - low) / torch.where(flat, 1, span))


def _spread(centered: Tensor, raw: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Root mean square of ``centered`` over ``dims``, at least NOISE times that of ``raw``; 1 where both are 0."""
    floor = NOISE**2 * raw.detach().square().mean(dims, keepdim=True)
    variance = centered.square().mean(dims, keepdim=True) + floor
    return torch.where(variance == 0, 1, variance).sqrt()
