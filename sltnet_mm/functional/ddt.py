"""Deep descriptor transforming: what the images of one class have in common, without training.

Wei et al., Unsupervised object discovery and co-localization by deep descriptor transforming, Pattern Recognition 2019.
A descriptor is the N numbers of one cell of a feature map. Over all descriptors of a class' images, the first principal
component separates the common object from the rest: cells whose projection is positive are object.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sltnet_mm.functional._checks import check_size, check_tensor
from sltnet_mm.functional.components import largest_component_boxes

# Of the second moment. Descriptors that differ at all differ by float32's 1e-7 in at least one of some million cells,
# that is by 1e-20; the rounding of the float64 sums is some 1e-32.
_NO_VARIANCE = 1e-24


class DescriptorCovariance:
    """Mean and covariance of descriptors that come batch by batch (Chan et al., 1983), in float64.

    The descriptors themselves are not kept: N x N numbers are, on the device of the first batch.

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
        """Add the descriptors of feature maps, B x N x h x w.

        Raises:
            ValueError: Another number of channels than before, or not finite.
        """
        check_tensor('features', features, 'BxNxhxw', 4)
        rows = _descriptors(features)
        count, mean = len(rows), rows.mean(0)
        if not mean.isfinite().all():
            raise ValueError('features must be finite; DDT has no use for NaN and infinity')
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
        """N numbers.

        Raises:
            ValueError: Nothing was added.
        """
        if self._mean is None:
            raise ValueError('no descriptor was added: call update first')
        return self._mean

    def covariance(self) -> Tensor:
        """N x N, divided by the number of descriptors.

        Raises:
            ValueError: Nothing was added.
        """
        if self._scatter is None:
            raise ValueError('no descriptor was added: call update first')
        return self._scatter / self.count

    def principal_direction(self) -> Tensor:
        """The unit vector (N) of the largest variance, of either sign; zeros where the descriptors do not vary."""
        covariance = self.covariance()
        values, vectors = torch.linalg.eigh(covariance)
        flat = values[-1] <= _NO_VARIANCE * (covariance.trace() + self.mean.square().sum())
        return torch.where(flat, torch.zeros_like(vectors[:, -1]), vectors[:, -1])


def project_descriptors(features: Tensor, mean: Tensor, direction: Tensor) -> Tensor:
    """Projections (v - mean) . direction of the descriptors v.

    Args:
        features: B x N x h x w.
        mean: N, over all images of the class.
        direction: N.

    Returns:
        B x h x w, float64.
    """
    check_tensor('features', features, 'BxNxhxw', 4)
    flat = (_descriptors(features) - mean) @ direction
    return flat.view(len(features), *features.shape[2:])


def object_sign(projections: Sequence[Tensor]) -> float:
    """+1 or -1: the sign under which the projection of the largest size is positive (the first of equal ones; +1 for
    zeros).

    A principal component has no sign of its own, and libraries choose theirs by rules that changed: scikit-learn's PCA
    took this one until 1.5, and PSOL's boxes rest on it.

    Args:
        projections: Of all images of the class, in any number of tensors.

    Example:
        >>> import torch
        >>> object_sign([torch.tensor([1.0, -2.0]), torch.tensor([1.5])])
        -1.0
    """
    flat = torch.cat([each.flatten() for each in projections])
    extreme = flat[flat.abs().argmax()]
    return -1.0 if float(extreme) < 0 else 1.0


def ddt_heatmaps(features: Tensor) -> Tensor:
    """Heat maps of the images of one class, all of which are at hand; positive is object.

    For a class that is too large for this, take :class:`DescriptorCovariance`, :func:`project_descriptors` and
    :func:`object_sign` one after the other, batch by batch.

    Args:
        features: B x N x h x w, of all images of the class.

    Returns:
        B x h x w, float64.

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
    """Boxes of heat maps: cells above zero, of their 8-connected components the one with the most cells.

    The component is enlarged to the image by the nearest cell (pixel x belongs to cell floor(x w / W), as in OpenCV and
    torch), and the box is that of its pixels.

    Args:
        heatmaps: B x h x w.
        size: (H, W) of the image in pixels.

    Returns:
        B x 4 float xyxy in pixels, ends exclusive; the whole image where no cell is above zero.

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
    """(B h w) x N, float64."""
    return features.movedim(1, -1).reshape(-1, features.shape[1]).double()
