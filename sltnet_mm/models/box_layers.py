"""The layers between a feature map and the four numbers of a box."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltnet_mm.weights.pretrained import Pretrained

_ACTIVATIONS = {'relu': nn.ReLU, 'sigmoid': nn.Sigmoid, 'none': nn.Identity}
_VGG_LAYERS = ('backbone.classifier.0', 'backbone.classifier.3')
"""fc6 and fc7 under mmpretrain's names."""


class BoxLayers(nn.Module):
    """Fully connected layers on a feature map whose layout is kept: [convolution,] pooling to a grid, FC-ReLU, FC.

    A box is a place. The mean over the cells of a feature map keeps what is in the image and throws away where it is;
    flattened, each cell keeps its own weights. The paper's "two fully connected layers behind the backbone network"
    (Sec. 3.1) on VGG16 is the flattened 7 x 7 x 512 map, as in PSOL, which keeps VGG16's fc6 and fc7.

    At the start every output is ``init_box``, whatever the image: the last layer has zero weights, and its bias is the
    box. The other layers are initialized as He et al. do for ReLU.

    Args:
        in_channels: Channels of the feature map.
        init_box: The four numbers that come out at the start, inside the range of ``out_act``.
        pool_size: Cells on each side of the grid that the map is pooled to (adaptive average) before it is flattened,
            at least 2; None takes the mean over all cells (PSOL's ResNet50 and DenseNet161).
        reduce_channels: Channels of a convolution with ReLU in front of the pooling, for maps whose flattened size
            would be too wide to learn from few images; None leaves it out.
        reduce_kernel: Kernel of that convolution, odd: 3 sees a cell's neighbors, 1 the cell alone.
        feat_channels: Widths of the hidden layers; 512 as in PSOL, (4096, 4096, 512) with VGG16's fc6 and fc7.
        dropout: Share of each hidden layer's values that training leaves out, in [0, 1).
        out_act: Activation of the four numbers: 'relu', 'sigmoid' or 'none'.
        fc_checkpoint: File with fc6, fc7 of mmpretrain's VGG (``backbone.classifier.0`` and ``.3``) for the first two
            hidden layers.

    Raises:
        ValueError: If a setting is outside its range, or hidden layers do not have the shape of fc6 and fc7.

    Example:
        >>> import torch
        >>> layers = BoxLayers(in_channels=8, init_box=(1, 1, 3, 3), pool_size=2, reduce_channels=4)
        >>> layers(torch.rand(2, 8, 5, 5)).tolist()
        [[1.0, 1.0, 3.0, 3.0], [1.0, 1.0, 3.0, 3.0]]
    """

    def __init__(
        self,
        in_channels: int,
        init_box: Sequence[float],
        pool_size: int | None = 7,
        reduce_channels: int | None = 64,
        reduce_kernel: int = 3,
        feat_channels: int | Sequence[int] = 512,
        dropout: float = 0.0,
        out_act: str = 'relu',
        fc_checkpoint: str | None = None,
    ) -> None:
        super().__init__()
        widths = (feat_channels,) if isinstance(feat_channels, int) else tuple(feat_channels)
        if out_act not in _ACTIVATIONS:
            raise ValueError(f'out_act must be one of {sorted(_ACTIVATIONS)}, got {out_act!r}')
        if pool_size is not None and pool_size < 2:
            raise ValueError(
                f'pool_size must be at least 2 cells a side, got {pool_size}: one cell has no place; pool_size=7 keeps '
                'the layout, pool_size=None takes the mean over all cells'
            )
        if reduce_channels is not None and reduce_channels < 1:
            raise ValueError(f'reduce_channels must be at least 1, or None for no convolution, got {reduce_channels}')
        if reduce_kernel < 1 or reduce_kernel % 2 == 0:
            raise ValueError(f'reduce_kernel must be odd, got {reduce_kernel}')
        if not widths or min(widths) < 1:
            raise ValueError(f'feat_channels must be at least one width of at least 1, got {feat_channels}')
        if not 0 <= dropout < 1:
            raise ValueError(f'dropout must be in [0, 1), got {dropout}')
        self.reduce = None
        channels = in_channels
        if reduce_channels is not None:
            self.reduce = nn.Conv2d(in_channels, reduce_channels, reduce_kernel, padding=reduce_kernel // 2)
            channels = reduce_channels
        self.pool_size = pool_size
        sizes = (channels * (1 if pool_size is None else pool_size**2), *widths)
        self.fcs = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))
        self.fc_box = nn.Linear(sizes[-1], 4)
        self.dropout = dropout
        self.out_act = _ACTIVATIONS[out_act]()
        if fc_checkpoint is not None and len(self.fcs) < len(_VGG_LAYERS):
            raise ValueError(
                f'fc_checkpoint gives fc6 and fc7, but feat_channels={feat_channels} has {len(self.fcs)} hidden layer: '
                'set feat_channels=(4096, 4096, 512), pool_size=7 and reduce_channels=None'
            )
        self.fc_checkpoint = fc_checkpoint
        self._initialize(torch.tensor([float(value) for value in init_box]), out_act)

    def _initialize(self, box: Tensor, out_act: str) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
        nn.init.zeros_(self.fc_box.weight)
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith('bias'):
                    value.zero_()
            self.fc_box.bias.copy_(torch.logit(box, eps=1e-3) if out_act == 'sigmoid' else box)

    def load_pretrained(self) -> None:
        """Load fc6 and fc7 of ``fc_checkpoint``, where one is given.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it lacks the layers, or has them in another shape.
        """
        if self.fc_checkpoint is not None:
            for layer, name in zip(self.fcs, _VGG_LAYERS, strict=False):
                Pretrained(self.fc_checkpoint, prefix=name)(layer)

    def forward(self, features: Tensor) -> Tensor:
        """B x 4 numbers of features B x N x h x w."""
        if self.reduce is not None:
            features = F.relu(self.reduce(features))
        if self.pool_size is None:
            hidden = features.mean(dim=(2, 3))
        else:
            hidden = F.adaptive_avg_pool2d(features, self.pool_size).flatten(1)
        for layer in self.fcs:
            hidden = F.dropout(F.relu(layer(hidden)), self.dropout, self.training)
        return self.out_act(self.fc_box(hidden))
