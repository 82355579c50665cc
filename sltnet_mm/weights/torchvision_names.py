"""Conversion of torchvision's checkpoint files to mmpretrain's parameter names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import torch
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor

from sltnet_mm.weights.checkpoints import misfit

_COUNTER = 'num_batches_tracked'
_VGG_STAGES = {'11': (1, 1, 2, 2, 2), '13': (2, 2, 2, 2, 2), '16': (2, 2, 3, 3, 3), '19': (2, 2, 4, 4, 4)}  # convs


def _vgg(name: str, depth: str) -> str:
    """The layer numbers: torchvision counts activations too, mmpretrain counts convolution and activation as one."""
    module, index, kind = name.split('.')
    if module == 'classifier':
        return f'backbone.{name}'
    theirs = ours = 0
    places = {}
    for convolutions in _VGG_STAGES[depth]:
        for _ in range(convolutions):
            places[theirs] = ours
            theirs, ours = theirs + 2, ours + 1
        theirs, ours = theirs + 1, ours + 1  # the stage's pooling
    return f'backbone.{module}.{places[int(index)]}.conv.{kind}'


def _resnet(name: str, depth: str) -> str:
    return f'head.{name}' if name.startswith('fc.') else f'backbone.{name}'


_DENSENET_STEM = {'conv0': 'stem.0', 'norm0': 'stem.1', 'norm5': 'transitions.3.0'}


def _densenet(name: str, depth: str) -> str:
    """Blocks and layers count from 1 in torchvision; its published files write ``norm.1``, its networks ``norm1``."""
    if name.startswith('classifier.'):
        return name.replace('classifier', 'head.fc')
    module, child, *rest = re.sub(r'\.(norm|conv)\.([12])\.', r'.\1\2.', name).split('.')
    if child in _DENSENET_STEM:
        return '.'.join(['backbone', _DENSENET_STEM[child], *rest])
    kind, number = re.fullmatch(r'(denseblock|transition)(\d)', child).groups()  # type: ignore[union-attr]
    if kind == 'transition':
        return '.'.join(['backbone', 'transitions', str(int(number) - 1), *rest])
    layer = int(rest[0].removeprefix('denselayer')) - 1
    return '.'.join(['backbone', 'stages', str(int(number) - 1), 'block', str(layer), *rest[1:]])


def _inception(name: str, depth: str) -> str | None:
    return None if name.startswith('AuxLogits.') else f'backbone.{name}'


_FAMILIES: dict[str, tuple[Callable[[str, str], str | None], Callable[[str], dict]]] = {
    'vgg': (_vgg, lambda depth: dict(type='VGG', depth=int(depth), num_classes=1000)),
    'resnet': (_resnet, lambda depth: dict(type='ResNet', depth=int(depth))),
    'densenet': (_densenet, lambda depth: dict(type='DenseNet', arch=depth)),
    'inception_v': (_inception, lambda depth: dict(type='InceptionV3', num_classes=1000)),
}
NETWORKS = (
    *(f'vgg{depth}' for depth in _VGG_STAGES),
    *(f'resnet{depth}' for depth in (18, 34, 50, 101, 152)),
    *(f'densenet{depth}' for depth in (121, 161, 169, 201)),
    'inception_v3',
)


def to_mmpretrain(weights: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """Rename the weights of a torchvision classification network to those of mmpretrain's ``ImageClassifier``.

    Every parameter and buffer of mmpretrain's network gets a value, and every one in torchvision's file is used, except
    for InceptionV3's auxiliary head, which mmpretrain's default network lacks. Batch norm counters that old files lack
    are set to zero.

    Args:
        weights: As torchvision publishes them, for 1,000 classes.
        network: torchvision's name, one of ``NETWORKS``.

    Returns:
        The same tensors, named ``backbone.*`` and ``head.*``.

    Raises:
        ValueError: If ``network`` is unknown, or ``weights`` are not those of this network.

    Example:
        >>> from torchvision.models import resnet18
        >>> renamed = to_mmpretrain(resnet18().state_dict(), 'resnet18')
        >>> list(renamed)[0], list(renamed)[-1]
        ('backbone.conv1.weight', 'head.fc.bias')
    """
    if network not in NETWORKS:
        raise ValueError(f'network must be one of {", ".join(NETWORKS)}, got {network!r}')
    family, depth = re.fullmatch(r'([a-z_]+)(\d+)', network).groups()  # type: ignore[union-attr]
    rename, backbone = _FAMILIES[family]
    renamed = {}
    for name, value in weights.items():
        try:
            new_name = rename(name, depth)
        except (ValueError, KeyError, IndexError, AttributeError) as error:  # a name of another pattern
            raise ValueError(f'the weights are not {network}: it has no parameter {name}') from error
        if new_name is not None:
            renamed[new_name] = value
    wanted = _wanted(backbone(depth), renamed.get('head.fc.weight'))
    for name, value in wanted.items():
        if name.endswith(_COUNTER):
            renamed.setdefault(name, torch.zeros((), dtype=value.dtype))
    left = [name for name in renamed if name not in wanted]
    problem = misfit(wanted, renamed)
    if problem or left:
        raise ValueError(f'the weights are not {network}: {problem}{len(left)} do not exist in it ({left[:3]})')
    return renamed


def _wanted(backbone: dict, head_weight: Tensor | None) -> dict[str, Tensor]:
    """Names and shapes of mmpretrain's classifier; with ``head_weight`` None, the backbone includes the head."""
    head: dict = dict(type='ClsHead')
    if head_weight is not None:
        head = dict(type='LinearClsHead', num_classes=1000, in_channels=head_weight.shape[-1])
    device = 'cpu' if backbone['type'] == 'ResNet' else 'meta'  # mmpretrain's ResNet reads a tensor when it is built
    with torch.device(device), DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(dict(type='mmpretrain.ImageClassifier', backbone=backbone, head=head)).state_dict()
