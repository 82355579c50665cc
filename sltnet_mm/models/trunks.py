"""mmpretrain backbones that can end earlier, for class maps that are large enough."""

from __future__ import annotations

from collections.abc import Sequence

from mmpretrain.models.backbones import DenseNet, InceptionV3
from torch import Tensor, nn

from sltnet_mm.registry import MODELS


@MODELS.register_module()
class DenseNetTrunk(DenseNet):
    """mmpretrain's DenseNet, with or without the last halving of its maps. The parameter names are unchanged.

    Args:
        arch: '121', '161', '169' or '201'.
        last_pool: Keep the pooling of the last transition, which gives 7x7 maps for 224x224 images. Without it, the
            maps are 14x14, with the same weights (for localizers; like a ResNet with ``strides=(1, 2, 2, 1)``).
        memory_efficient: Recompute parts of the forward pass in the backward pass to save memory.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If ``arch`` is unknown.

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
            self.transitions[-2].pool = nn.Identity()  # the second to last: the last is the final norm


@MODELS.register_module()
class InceptionV3Trunk(InceptionV3):
    """mmpretrain's InceptionV3 up to and including the block ``end``: feature maps instead of logits.

    mmpretrain's own class always runs up to its classifier. The parameter names are unchanged, so its checkpoints fit.

    Args:
        end: The last block to keep. ``'Mixed_6e'`` (768 channels) drops the last three blocks, as SLT-Net's localizer
            does (Sec. 4.1); ``'Mixed_7c'`` (2048 channels) is the whole network without its classifier.
        mixed_6a_stride: 2 as published: 12x12 maps at Mixed_6e for 224x224 images, 17x17 for 299x299. 1 as in the
            InceptionV3-CAM of SPG and wsolevaluation: 25x25 and 35x35; the block's two convolutions and its pooling are
            then padded by 1. The weights are the same.
        init_cfg: None is mmpretrain's own initialization.
        taps: Blocks in front of ``end`` whose maps are returned too, before the last ones (288 channels at
            ``'Mixed_5d'``, 768 at ``'Mixed_6d'``).

    Raises:
        ValueError: If ``end``, ``mixed_6a_stride`` or a tap is unknown.

    Example:
        >>> import torch
        >>> net = InceptionV3Trunk(end='Mixed_6e')
        >>> net(torch.rand(2, 3, 107, 107))[0].shape
        torch.Size([2, 768, 5, 5])
    """

    def __init__(
        self,
        end: str = 'Mixed_7c',
        mixed_6a_stride: int = 2,
        init_cfg: dict | list[dict] | None = None,
        taps: Sequence[str] = (),
    ) -> None:
        # The classifier is discarded: build it as small as possible.
        super().__init__(num_classes=1, **({} if init_cfg is None else dict(init_cfg=init_cfg)))
        blocks = [name for name, _ in self.named_children() if name.startswith(('Conv2d_', 'Mixed_'))]
        if end not in blocks:
            raise ValueError(f'InceptionV3Trunk: end must be one of {", ".join(blocks)}, got {end!r}')
        if mixed_6a_stride not in (1, 2):
            raise ValueError(f'InceptionV3Trunk: mixed_6a_stride must be 1 or 2, got {mixed_6a_stride!r}')
        if mixed_6a_stride == 1:
            for block in (self.Mixed_6a.branch3x3, self.Mixed_6a.branch3x3dbl_3):
                block.conv.stride, block.conv.padding = (1, 1), (1, 1)
            self.Mixed_6a.branch_pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        names = list(self._modules)
        for name in names[names.index(end) + 1 :]:
            delattr(self, name)
        before = blocks[: blocks.index(end)]
        if not set(taps) <= set(before):
            raise ValueError(f'InceptionV3Trunk: taps must be among {", ".join(before)}, got {tuple(taps)}')
        self.end = end
        self.taps = frozenset(taps)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images B x 3 x H x W: a tuple of tensors B x N x h x w, of each tap and of the end."""
        levels = []
        for name, block in self.named_children():  # in the order of the forward pass; poolings are children too
            images = block(images)
            if name in self.taps:
                levels.append(images)
        return (*levels, images)
