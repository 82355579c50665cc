"""Deep descriptor transforming (DDT): finding the object that the images of a class have in common, without training.

Wei et al., *Unsupervised object discovery and co-localization by deep descriptor transforming*, Pattern Recognition
2019. A descriptor is the vector of N channels at one cell of a feature map. The first principal component over all
descriptors of a class separates the common object from the rest: cells with a positive projection are object.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor
from sltnet_mm.functional.components import largest_component_boxes

# Relative to the second moment. Descriptors that differ at all differ by at least 1e-7 (float32) in one of about a
# million cells, which gives 1e-20; the rounding error of the float64 sums is about 1e-32.
_NO_VARIANCE = 1e-24


class DescriptorCovariance:
    """Running mean and covariance of descriptors, batch by batch (Chan et al., 1983), in float64.

    It keeps N x N numbers on the device of the first batch, not the descriptors themselves.

    Example:
        >>> import torch
        >>> seen = DescriptorCovariance()
        >>> seen.update(torch.tensor([[[[1.0, 3.0]]]]))  # one image, one channel, two cells
        >>> seen.update(torch.tensor([[[[5.0, 7.0]]]]))
        >>> seen.mean, seen.covariance()
        (tensor([4.], dtype=torch.float64), tensor([[5.]], dtype=torch.float64))
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: Tensor | None = None
        self._scatter: Tensor | None = None

    def update(self, features: Tensor) -> None:
        """Add the descriptors of a batch.

        Args:
            features: B x N x h x w.

        Raises:
            TypeError: If ``features`` is not a floating tensor.
            ValueError: If ``features`` is not finite, or its number of channels differs from earlier batches.
        """
        check_tensor('features', features, 'BxNxhxw', 4)
        rows = _descriptors(features)
        count, mean = len(rows), rows.mean(0)
        if not mean.isfinite().all():
            raise ValueError('features must be finite, got NaN or infinity; check the images and the weights')
        centered = rows - mean
        scatter = centered.T @ centered
        if self._mean is None or self._scatter is None:
            self.count, self._mean, self._scatter = count, mean, scatter
            return
        if len(mean) != len(self._mean):
            raise ValueError(f'features must have {len(self._mean)} channels as before, got {len(mean)}')
        total = self.count + count
        shift = mean - self._mean
        self._scatter += scatter + torch.outer(shift, shift) * (self.count * count / total)
        self._mean = self._mean + shift * (count / total)
        self.count = total

    @property
    def mean(self) -> Tensor:
        """The mean of the descriptors, N numbers.

        Raises:
            ValueError: If no descriptors were added.
        """
        if self._mean is None:
            raise ValueError('no descriptor was added: call update first')
        return self._mean

    def covariance(self) -> Tensor:
        """The covariance of the descriptors, N x N, divided by their number.

        Raises:
            ValueError: If no descriptors were added.
        """
        if self._scatter is None:
            raise ValueError('no descriptor was added: call update first')
        return self._scatter / self.count

    def principal_direction(self) -> Tensor:
        """The unit vector (N) of the largest variance, with arbitrary sign; zeros if the descriptors do not vary.

        Raises:
            ValueError: If no descriptors were added.
        """
        covariance = self.covariance()
        values, vectors = torch.linalg.eigh(covariance)
        flat = values[-1] <= _NO_VARIANCE * (covariance.trace() + self.mean.square().sum())
        return torch.where(flat, torch.zeros_like(vectors[:, -1]), vectors[:, -1])


def project_descriptors(features: Tensor, mean: Tensor, direction: Tensor) -> Tensor:
    """Projections (v - mean) . direction of the descriptors v.

    Args:
        features: B x N x h x w.
        mean: N, over all images of the class.
        direction: N, a unit vector.

    Returns:
        B x h x w, float64.

    Raises:
        TypeError: If ``features`` is not a floating tensor.
        ValueError: If ``features`` does not have four dimensions.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[[1.0, 3.0]]]])  # one image, one channel, two cells
        >>> project_descriptors(features, mean=torch.tensor([2.0]).double(), direction=torch.tensor([1.0]).double())
        tensor([[[-1.,  1.]]], dtype=torch.float64)
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    flat = (_descriptors(features) - mean) @ direction
    return flat.view(len(features), *features.shape[2:])


def object_sign(projections: Sequence[Tensor]) -> float:
    """The sign, +1 or -1, that makes the projection of largest magnitude positive.

    Of equal magnitudes, the first decides; zeros give +1.

    A principal component has no sign of its own, and libraries have changed their rules for choosing one.
    scikit-learn's PCA used this rule until 1.5, and PSOL's boxes depend on it.

    Args:
        projections: Projections of all images of the class, in any number of tensors.

    Returns:
        1.0 or -1.0.

    Example:
        >>> import torch
        >>> object_sign([torch.tensor([1.0, -2.0]), torch.tensor([1.5])])
        -1.0
    """
    flat = torch.cat([each.flatten() for each in projections])
    extreme = flat[flat.abs().argmax()]
    return -1.0 if float(extreme) < 0 else 1.0


def ddt_heatmaps(features: Tensor) -> Tensor:
    """The DDT heat maps of all images of one class at once; positive is object.

    For a class that does not fit in memory, use :class:`DescriptorCovariance`, :func:`project_descriptors` and
    :func:`object_sign` in turn, batch by batch.

    Args:
        features: B x N x h x w, of all images of the class.

    Returns:
        B x h x w, float64.

    Raises:
        TypeError: If ``features`` is not a floating tensor.
        ValueError: If ``features`` is not finite or does not have four dimensions.

    Example:
        >>> import torch
        >>> features = torch.zeros(2, 3, 4, 4)
        >>> features[0, 1, :2, :2] = features[1, 1, 3:, 3:] = 1  # the same thing at two places
        >>> (ddt_heatmaps(features) > 0).sum(dim=(1, 2))
        tensor([4, 1])
    """
    seen = DescriptorCovariance()
    seen.update(features)
    heatmaps = project_descriptors(features, seen.mean, seen.principal_direction())
    return object_sign([heatmaps]) * heatmaps


def heatmaps_to_boxes(heatmaps: Tensor, size: Sequence[int]) -> Tensor:
    """The box around the largest 8-connected component of cells above zero, in pixels of the image.

    The component is enlarged to the image by nearest-neighbor interpolation (pixel x belongs to cell floor(x w / W), as
    in OpenCV and torch); the box encloses its pixels.

    Args:
        heatmaps: B x h x w.
        size: (H, W) of the image in pixels.

    Returns:
        B x 4 float xyxy in pixels, ends exclusive; the whole image if no cell is above zero.

    Raises:
        TypeError: If ``heatmaps`` is not a floating tensor.
        ValueError: If ``heatmaps`` does not have three dimensions or ``size`` is invalid.

    Example:
        >>> import torch
        >>> heatmap = torch.tensor([[[1.0, -1, -1], [-1, 2, 3], [-1, -1, -1]]])
        >>> heatmaps_to_boxes(heatmap, size=(30, 60))
        tensor([[ 0.,  0., 60., 20.]])
    """
    check_tensor('heatmaps', heatmaps, 'Bxhxw', 3)
    height, width = check_size('size', size)
    cells = largest_component_boxes(heatmaps > 0)
    rows, columns = heatmaps.shape[1:]
    across = cells.new_tensor([columns, rows, columns, rows])
    pixels = cells.new_tensor([width, height, width, height])
    return torch.ceil(cells.double() * pixels / across).to(cells)  # whole numbers below 2^53: exact


def _descriptors(features: Tensor) -> Tensor:
    """The descriptors of all cells, (B h w) x N, float64."""
    return features.movedim(1, -1).reshape(-1, features.shape[1]).double()
