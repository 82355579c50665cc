"""A head of the regressor that reads the box off a map of places, by soft-argmax."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltnet_mm.models.box_head import RegressionHead
from sltnet_mm.registry import MODELS


class SoftArgmaxLayers(nn.Module):
    r"""Box units from features: for each side of the box, the mean over cells of the place that each cell votes for.

    .. math::
        \hat{p}_s = \sum_c a_s(c) \, ( g_s(c) + d_s(c) ), \qquad a_s = \text{softmax over the cells } c

    for the sides s = x1, y1, x2, y2; g_s(c) is the x or y of cell c's center, and the logits of a_s and the offsets d_s
    come from a 3x3 convolution with ReLU and a 1x1 convolution. This is the integral regression of Sun et al. (ECCV
    2018), with an offset per cell. All cells share their weights, so what is learned in one place holds in every other.

    At the start all cells have the same weight, and the offsets are those from the center of the image to ``init_box``.

    Args:
        in_channels: Channels of the feature map.
        init_box: Four box units.
        center: The middle of the image on both axes, in box units.
        cell: Distance between two cells in box units.
        channels: Channels between the two convolutions.
    """

    def __init__(
        self, in_channels: int, init_box: Sequence[float], center: float, cell: float, channels: int = 64
    ) -> None:
        super().__init__()
        self.cell = cell
        self.reduce = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.votes = nn.Conv2d(channels, 8, 1)  # four logits and four offsets
        nn.init.kaiming_normal_(self.reduce.weight, nonlinearity='relu')
        nn.init.constant_(self.votes.weight, 0.0)
        start = torch.tensor([0.0] * 4 + [value - center for value in init_box])
        self.reduce.bias = nn.Parameter(torch.zeros(channels))
        self.votes.bias = nn.Parameter(start)

    def forward(self, features: Tensor) -> Tensor:
        """B x 4 box units of features B x N x h x w."""
        logits, offsets = self.votes(F.relu(self.reduce(features))).flatten(2).split(4, dim=1)
        height, width = features.shape[-2:]
        x = self.cell * (torch.arange(width, device=features.device) + 0.5)
        y = self.cell * (torch.arange(height, device=features.device) + 0.5)
        places = torch.stack([x.repeat(height), y.repeat_interleave(width)]).repeat(2, 1)  # x, y, x, y
        return (logits.float().softmax(dim=2) * (places + offsets)).sum(dim=2)


@MODELS.register_module()
class SoftArgmaxBoxHead(RegressionHead):
    r"""A head of SLT-Net's regressor for few images: a soft-argmax in place of the paper's fully connected layers.

    The weights of the paper's layers (:class:`SingleBoxHead`) are those of single cells, so each place must be learned
    from images with objects there. Here all cells share their weights (``SoftArgmaxLayers``). With 1,240 training
    images it is better by several points; see docs/benchmarks.md. Loss and use are the same.

    Args:
        in_channels: Channels of the backbone's last feature map.
        stride: Pixels of the network input between two cells of that map, > 0.
        feat_channels: Channels between the two convolutions, at least 1.
        downsample: m of Sec. 3.1, pixels per box unit, as in :class:`SingleBoxHead`.
        init_box: The box that training starts from, in box units, up to half a cell; see :class:`RegressionHead`.
        input_size: Side length of the network input in pixels, for ``init_box``. Other sizes work, since places are
            counted in cells.
        loss_weight: Factor on the loss, >= 0.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a value is out of range, ``train_cfg`` or ``test_cfg`` is not empty, or (in the forward pass) the
            features have one cell.

    Example:
        >>> import torch
        >>> head = SoftArgmaxBoxHead(in_channels=8, stride=16, input_size=64)
        >>> head((torch.rand(1, 8, 4, 4),)).tolist()
        [[1.0, 1.0, 3.0, 3.0]]
    """

    def __init__(
        self,
        in_channels: int,
        stride: float,
        feat_channels: int = 64,
        downsample: float = 16,
        init_box: Sequence[float] | None = None,
        input_size: int = 224,
        loss_weight: float = 1.0,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(downsample, init_box, input_size, loss_weight, train_cfg, test_cfg, init_cfg)
        if stride <= 0:
            raise ValueError(f'SoftArgmaxBoxHead: stride must be positive, got {stride}')
        if feat_channels < 1:
            raise ValueError(f'SoftArgmaxBoxHead: feat_channels must be at least 1, got {feat_channels}')
        self.layers = SoftArgmaxLayers(in_channels, self.init_box, self.span / 2, stride / downsample, feat_channels)
