"""DenseNet with the choice of its last maps' size."""

from __future__ import annotations

from mmpretrain.models.backbones import DenseNet
from torch import nn

from sltnet_mm.registry import MODELS


@MODELS.register_module()
class DenseNetTrunk(DenseNet):
    """mmpretrain's DenseNet, with or without the last halving of its maps. The parameters keep their names.

    Args:
        arch: '121', '161', '169' or '201'.
        last_pool: keep the pooling of the last transition: 7x7 maps of a 224 image; without it 14x14, with the same
            weights (for localizers; the counterpart of a ResNet with ``strides=(1, 2, 2, 1)``).
        memory_efficient: compute parts of the forward pass again in the backward pass, for a smaller memory.
        init_cfg: as everywhere in mmengine.

    Raises:
        ValueError: an unknown architecture.

    Example:
        >>> import torch
        >>> DenseNetTrunk('121', last_pool=False)(torch.rand(1, 3, 64, 64))[0].shape
        torch.Size([1, 1024, 4, 4])
    """

    def __init__(
        self,
        arch: str = '161',
        last_pool: bool = True,
        memory_efficient: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if arch not in self.arch_settings:
            raise ValueError(f'DenseNetTrunk: arch must be one of {sorted(self.arch_settings)}, got {arch!r}')
        super().__init__(arch=arch, memory_efficient=memory_efficient, init_cfg=init_cfg)
        if not last_pool:
            self.transitions[-2].pool = nn.Identity()  # the last but one: the last is the final norm
