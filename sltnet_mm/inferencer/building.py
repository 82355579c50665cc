"""What the inferencer is made of: config, checkpoint, class names, and where boxes come from; each checked."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from sltnet_mm.models import CAMHead, SingleBoxHead

_PAPER_THRESHOLD = 0.2  # "top 20% values" (Sec. 3.2), as PseudoBoxGenerator's default


def load_config(config: str | Path | Config) -> Config:
    """A config that may be changed: read from a file, or a copy.

    Raises:
        FileNotFoundError: There is no such file.
    """
    if isinstance(config, Config):
        return copy.deepcopy(config)
    if not Path(config).is_file():
        raise FileNotFoundError(f'config {config} does not exist')
    return Config.fromfile(config)


def existing_checkpoint(checkpoint: str | Path) -> str:
    """The checkpoint's path or URL.

    Raises:
        TypeError: Neither of them, as None.
        FileNotFoundError: There is no such file.
    """
    if not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f'checkpoint must be a path or URL, got {checkpoint!r}: random weights predict nothing')
    if '://' not in str(checkpoint) and not Path(checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint} does not exist')
    return str(checkpoint)


def class_names(model: nn.Module, checkpoint: dict) -> tuple[str, ...] | None:
    """The names in a checkpoint's ``dataset_meta``, None where it has none.

    Raises:
        ValueError: They are not as many as the model's classes.
    """
    meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
    names = meta.get('classes', meta.get('CLASSES'))  # CLASSES: files of OpenMMLab 1.x
    if names is None:
        return None
    head = getattr(getattr(model, 'localizer', model), 'head', None)
    count = getattr(head, 'num_classes', None)
    if count is not None and count != len(names):
        raise ValueError(
            f'the checkpoint names {len(names)} classes ({", ".join(map(str, names[:3]))}, ...), the model has {count}'
            ': give the config that it was trained with'
        )
    return tuple(map(str, names))


def box_threshold(model: Any, asked: float | None) -> float:
    """The threshold of boxes made from score maps; an SLT-Net whose boxes are made so is given the one asked for.

    Args:
        model: SLTNet, a localizer or a regressor.
        asked: By the user; None takes the model's own, else the paper's.

    Raises:
        ValueError: A model of another kind, or a threshold asked for where the box comes from the regressor.
    """
    pseudo_box = getattr(model, 'pseudo_box', None)
    if pseudo_box is not None:
        from_map = model.test_cfg['box_from'] == 'localizer'
    elif isinstance(getattr(model, 'head', None), CAMHead):
        from_map = True
    elif isinstance(getattr(model, 'bbox_head', None), SingleBoxHead):
        from_map = False
    else:
        raise ValueError(
            'SLTInferencer takes sltnet_mm.SLTNet, a classifier with head sltnet_mm.CAMHead or a detector with '
            f'bbox_head sltnet_mm.SingleBoxHead, got {type(model).__name__}. Other models have '
            "mmdet's DetInferencer and mmpretrain's ImageClassificationInferencer"
        )
    if asked is None:
        return getattr(pseudo_box, 'threshold', _PAPER_THRESHOLD)
    if not from_map:
        raise ValueError(
            f'threshold={asked} has no effect: the box comes from the regressor. Leave it out, or have the box '
            'made from the score map (model.test_cfg.box_from="localizer")'
        )
    if pseudo_box is not None:
        pseudo_box.threshold = asked
    return asked
