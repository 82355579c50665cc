"""Check that a checkpoint fits a model; merge a classifier's weights into an SLT-Net checkpoint."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import load_state_dict
from torch import nn

from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.class_names import check_class_names, class_names_of
from sltnet_mm.weights.loading import load_checkpoint_file
from sltnet_mm.weights.wrappers import unwrap

CLASSIFIER_PREFIX = 'classifier.'


def existing_checkpoint(checkpoint: str | Path) -> str:
    """The path or URL of a checkpoint; a URL (anything with ``://``) is not looked up.

    Raises:
        TypeError: If it is neither, such as None.
        FileNotFoundError: If the file does not exist.

    Example:
        >>> existing_checkpoint('https://example.com/weights.pth')
        'https://example.com/weights.pth'
    """
    if not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f'checkpoint must be a path or URL, because random weights are useless, got {checkpoint!r}')
    if '://' not in str(checkpoint) and not Path(checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint: the file {checkpoint} does not exist. Train one with tools/train.py')
    return str(checkpoint)


def check_fit(model: nn.Module, checkpoint: dict, may_miss: Sequence[str] = ()) -> None:
    """Raise if parameters of the model are missing from a checkpoint or have another shape there.

    Args:
        model: The unwrapped model.
        checkpoint: As loaded from a file.
        may_miss: Prefixes of parameters that the checkpoint may lack or hold in another shape.

    Raises:
        ValueError: If the checkpoint does not fit; the message names the first few parameters.

    Example:
        >>> from torch import nn
        >>> check_fit(nn.Linear(2, 2), dict(state_dict=nn.Linear(2, 2).state_dict()))
        >>> check_fit(nn.Linear(2, 2), dict(state_dict={}), may_miss=('weight', 'bias'))
    """
    own = {
        name: value
        for name, value in model.state_dict().items()
        if not name.startswith(('data_preprocessor.', *may_miss))
    }
    problem = misfit(own, state_dict_of(checkpoint))
    if problem:
        raise ValueError(
            f'the checkpoint is of another model or class count: {problem}'
            'Use the config that it was trained with. A classifier trained on its own is merged into it by '
            'tools/model_converters/merge_parts.py; parameters that may be new are listed in '
            'default_hooks.checkpoint_fit.may_miss'
        )


def load_fitting(model: nn.Module, checkpoint: dict, may_miss: Sequence[str] = ()) -> None:
    """Load a checkpoint's weights into a model that they fit; the model stays as it is if they do not.

    Args:
        model: The model, with or without a wrapper.
        checkpoint: As loaded from a file. What it holds besides the model's parameters is named in a warning.
        may_miss: As in :func:`check_fit`.

    Raises:
        ValueError: If the checkpoint does not fit; the message names the first few parameters.

    Example:
        >>> from torch import nn
        >>> model, trained = nn.Linear(2, 2), nn.Linear(2, 2)
        >>> load_fitting(model, dict(state_dict=trained.state_dict()))
        >>> bool((model.weight == trained.weight).all())
        True
    """
    inner = unwrap(model)
    check_fit(inner, checkpoint, may_miss)
    weights: Any = OrderedDict(state_dict_of(checkpoint))
    # Layers that were changed since (mmcv's deformable convolutions) read the version of their weights from it.
    weights._metadata = getattr(checkpoint.get('state_dict', checkpoint), '_metadata', OrderedDict())
    load_state_dict(inner, weights)


def check_classes(model: Any, checkpoint: Mapping[str, Any], dataset: Any, name: str) -> None:
    """Raise if a model that predicts classes was trained on other classes than those of a data set.

    Args:
        model: The unwrapped model. A regressor alone predicts no classes, so nothing is compared.
        checkpoint: As loaded from a file; its ``dataset_meta`` names the classes.
        dataset: Data set with ``metainfo``.
        name: Name of the data set, for the message.

    Raises:
        ValueError: If the names or their order differ.
    """
    names = class_names_of((checkpoint.get('meta') or {}).get('dataset_meta'))
    heads = (module for name, module in model.named_modules() if name.endswith('head'))
    if any(isinstance(getattr(head, 'num_classes', None), int) for head in heads):
        check_class_names(names, 'the checkpoint', class_names_of(getattr(dataset, 'metainfo', None)), name)


def misfit(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> str:
    """The parameters of ``own`` that are missing from ``weights`` or have another shape there, in words; '' if all fit.

    Args:
        own: What a model needs, by name.
        weights: What a file holds, by name.

    Returns:
        Sentences that name the first few parameters, with a space at the end.

    Example:
        >>> misfit({'a': torch.ones(1)}, {'a': torch.ones(2)})
        '1 parameters of another shape (a: (2,) in the checkpoint, (1,) in the model). '
    """
    missing = [name for name in own if name not in weights]
    differing = [
        f'{name}: {tuple(weights[name].shape)} in the checkpoint, {tuple(value.shape)} in the model'
        for name, value in own.items()
        if name in weights and weights[name].shape != value.shape
    ]
    if not missing and not differing:
        return ''
    besides = [name for name in weights if name not in own]
    return _some('missing from it', missing) + _some('of another shape', differing) + _some('it holds besides', besides)


def _some(what: str, names: Sequence[str]) -> str:
    return (
        f'{len(names)} parameters {what} ({"; ".join(names[:3])}{", ..." if len(names) > 3 else ""}). ' if names else ''
    )


def merge_parts(checkpoint: str | Path, classifier: str | Path, out: str | Path) -> int:
    """Write the classifier's weights into a checkpoint of SLTNet.

    Args:
        checkpoint: File with localizer and regressor, as training writes it.
        classifier: File from the classifier's own run.
        out: The merged file: weights and metainfo. The optimizer's state is left out, because training continues from
            the separate files.

    Returns:
        The number of the classifier's tensors that were written.

    Raises:
        ValueError: If ``checkpoint`` is not SLTNet's, or ``classifier`` is, or they were trained on other classes.
    """
    parts = load_checkpoint_file(checkpoint)
    weights = state_dict_of(parts)
    joining = load_checkpoint_file(classifier)
    added = state_dict_of(joining)
    for name, state, wanted in ((checkpoint, weights, True), (classifier, added, False)):
        if any(key.startswith('localizer.') for key in state) != wanted:
            raise ValueError(
                f'{name} must {"" if wanted else "not "}be a checkpoint of SLTNet: its parameters are '
                f'{", ".join(list(state)[:3])}, ...'
            )
    classes = [class_names_of((part.get('meta') or {}).get('dataset_meta')) for part in (parts, joining)]
    check_class_names(classes[0], str(checkpoint), classes[1], str(classifier))
    kept = {key: value for key, value in weights.items() if not key.startswith(CLASSIFIER_PREFIX)}
    new = {CLASSIFIER_PREFIX + key: value for key, value in added.items() if not key.startswith('data_preprocessor.')}
    with atomic_write(out) as partial:
        torch.save(dict(meta=parts.get('meta', {}), state_dict={**kept, **new}), partial)
    return len(new)


def state_dict_of(checkpoint: dict) -> dict[str, torch.Tensor]:
    """The weights in a checkpoint by name, with or without ``state_dict`` around them and DDP's ``module.`` in front.

    Example:
        >>> list(state_dict_of(dict(state_dict={'module.weight': torch.ones(1)})))
        ['weight']
    """
    return {key.removeprefix('module.'): value for key, value in checkpoint.get('state_dict', checkpoint).items()}
