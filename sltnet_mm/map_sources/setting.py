"""The one setting that puts a map source in front of the tools, the inferencer and the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

SETTING = 'map_source'
"""Key of the setting in config files."""


def read_setting(setting: str | Mapping) -> dict[str, Any]:
    """The arguments of ``MapSource`` from a setting.

    Args:
        setting: A mapping, as in config files, or ``'METHOD'`` or ``'METHOD:LAYER,LAYER'``, as on command lines.

    Returns:
        A dict with ``method`` and, unless it needs none, ``layers``.

    Raises:
        TypeError: If it is of another type.
        ValueError: If the method is missing.

    Example:
        >>> read_setting('layer_cam:backbone.layer3,backbone.layer4')
        {'method': 'layer_cam', 'layers': ['backbone.layer3', 'backbone.layer4']}
    """
    if isinstance(setting, str):
        method, _, names = setting.partition(':')
        layers = [name.strip() for name in names.split(',') if name.strip()]
        setting = dict(method=method.strip(), **(dict(layers=layers) if layers else {}))
    if not isinstance(setting, Mapping):
        raise TypeError(f'{SETTING} must be "METHOD:LAYER,LAYER" or a mapping, got {type(setting).__name__}')
    if not setting.get('method'):
        raise ValueError(f'{SETTING} must name a method, as in "grad_cam:backbone.layer4", got {setting!r}')
    return dict(setting)


def with_map_source(cfg: Config, setting: str | Mapping | None = None) -> Config:
    """Wrap the model of a config, in place, so that its predictions hold the maps of a map source.

    Args:
        cfg: The config.
        setting: See :func:`read_setting`. None: ``map_source`` of the config; without it, nothing is changed.

    Returns:
        ``cfg``.

    Example:
        >>> cfg = with_map_source(Config(dict(model=dict(type='Net'))), 'grad_cam:backbone.layer4')
        >>> cfg.model.type, cfg.model.layers, cfg.model.module.type
        ('sltnet_mm.MapSourceModel', ['backbone.layer4'], 'Net')
    """
    setting = cfg.get(SETTING) if setting is None else setting
    if setting is not None:
        cfg.model = dict(type='sltnet_mm.MapSourceModel', module=cfg.model, **read_setting(setting))
    return cfg
