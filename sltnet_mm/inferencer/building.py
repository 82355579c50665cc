"""Checked parts of the inferencer: config, checkpoint, class names, and the source of the boxes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from sltnet_mm.config import load_config, type_name
from sltnet_mm.functional.boxes import PAPER_THRESHOLD
from sltnet_mm.map_sources.model import MapSourceModel
from sltnet_mm.models import BoxHead, CAMHead
from sltnet_mm.models.box_source import BOX_FROM
from sltnet_mm.structures.class_names import class_names_of


def copied_config(config: str | Path | Config) -> Config:
    """A config that may be changed: that of a file, or a copy of the given one.

    Raises:
        FileNotFoundError: If the file does not exist.
    """
    return copy.deepcopy(config) if isinstance(config, Config) else load_config(config)


def set_box_from(cfg: Config, box_from: str) -> None:
    """Set which part gives an SLT-Net's box, in place; 'auto' leaves the config as it is.

    Raises:
        ValueError: If ``box_from`` is unknown, or the model is a part alone and ``box_from`` is not 'auto'.
    """
    if box_from not in BOX_FROM:
        raise ValueError(f'box_from must be one of {BOX_FROM}, got {box_from!r}')
    if box_from == 'auto':
        return
    if not type_name(cfg.model).endswith('SLTNet'):
        raise ValueError(
            f'box_from={box_from!r} has no effect: only an SLT-Net has two parts that give a box, and this model is '
            f'{cfg.model.type}. Leave it out'
        )
    cfg.model.test_cfg = dict(cfg.model.get('test_cfg') or {}, box_from=box_from)


def class_names(model: nn.Module, checkpoint: dict) -> tuple[str, ...] | None:
    """The class names in a checkpoint's ``dataset_meta``; None if it has none.

    Raises:
        ValueError: If their number differs from that of the model's classes.
    """
    names = class_names_of((checkpoint.get('meta') or {}).get('dataset_meta'))
    if not names:
        return None
    head = getattr(getattr(model, 'localizer', model), 'head', None)
    count = getattr(head, 'num_classes', None)
    if count is not None and count != len(names):
        raise ValueError(
            f'checkpoint has {len(names)} classes ({", ".join(names[:3])}, ...), but the model has {count}. '
            'Use the config that it was trained with'
        )
    return names


def box_threshold(model: Any, asked: float | None) -> float:
    """The threshold for boxes from score maps; it is also set in an SLT-Net that computes them itself.

    Args:
        model: SLTNet, a localizer, a regressor, or any model behind a map source.
        asked: Threshold requested by the user. None: the model's own, or else the paper's.

    Returns:
        The threshold.

    Raises:
        ValueError: If the model is of another kind, or a threshold is requested but boxes come from the regressor.
    """
    if isinstance(model, MapSourceModel):
        return PAPER_THRESHOLD if asked is None else asked
    pseudo_box = getattr(model, 'pseudo_box', None)
    if pseudo_box is not None:
        from_map = model.box_source == 'localizer'
    elif isinstance(getattr(model, 'head', None), CAMHead):
        from_map = True
    elif isinstance(getattr(model, 'bbox_head', None), BoxHead):
        from_map = False
    else:
        raise ValueError(
            'SLTInferencer: the model must be sltnet_mm.SLTNet, a classifier with head sltnet_mm.CAMHead or a '
            f'detector with a box head (SingleBoxHead, SoftArgmaxBoxHead, PSOLHead), got {type(model).__name__}. For '
            'other models, set map_source="grad_cam:LAYER"'
        )
    if asked is None:
        return getattr(pseudo_box, 'threshold', PAPER_THRESHOLD)
    if not from_map:
        raise ValueError(
            f'threshold={asked} has no effect, because the box comes from the regressor. Leave it out, or use the box '
            "of the score map with box_from='localizer'"
        )
    if pseudo_box is not None:
        pseudo_box.threshold = asked
    return asked
