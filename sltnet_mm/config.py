"""Config files: loading one, overriding its settings, and the data set inside its wrappers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.config.lazy import LazyAttr, LazyObject


def load_config(
    path: str | Path, cfg_options: Mapping[str, Any] | None = None, data_root: str | Path | None = None
) -> Config:
    """The config of a file, with settings overridden.

    Args:
        path: The config file.
        cfg_options: Settings by dotted key, such as ``{'train_cfg.max_epochs': 2}``.
        data_root: Folder of all data, instead of the config's.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If ``data_root`` is given, but the config's data sets have no ``data_root``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / 'config.py'
        ...     _ = file.write_text('train_cfg = dict(max_epochs=4)')
        ...     load_config(file, {'train_cfg.max_epochs': 2}).train_cfg
        {'max_epochs': 2}
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'config {path} does not exist. The configs of this package are in configs/')
    cfg = Config.fromfile(path)
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    if data_root:
        _set_data_root(cfg, str(data_root))
    return cfg


def _set_data_root(cfg: Config, data_root: str) -> None:
    datasets = [
        part
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader')
        if cfg.get(name)
        for part in innermost(cfg[name].dataset)
        if 'data_root' in part
    ]
    if not datasets:
        raise ValueError(
            f'data root {data_root} has no effect: no data set in {cfg.filename} has a data_root. Leave it out'
        )
    for dataset in datasets:
        dataset['data_root'] = data_root
    # The variables that the config made its data sets of: the log prints them.
    for variables in (cfg, cfg.get('dataset')):
        if isinstance(variables, (Config, dict)) and 'data_root' in variables:
            variables['data_root'] = data_root


def type_name(settings: Any) -> str:
    """The name of the class that a config builds, with its package: ``'mmpretrain.ImageClassifier'``, or '' if none.

    In a config in Python's own syntax (mmengine's ``read_base``), ``type`` is a class instead of a name.

    Example:
        >>> from sltnet_mm.datasets import CUBLocalization
        >>> type_name(dict(type='sltnet_mm.CUBLocalization')), type_name(dict(type=CUBLocalization))
        ('sltnet_mm.CUBLocalization', 'sltnet_mm.CUBLocalization')
    """
    kind = settings.get('type', '')
    if isinstance(kind, str):
        return kind
    kind = kind.build() if isinstance(kind, (LazyObject, LazyAttr)) else kind
    return f'{kind.__module__.partition(".")[0]}.{kind.__name__}'


# Wrappers that show the same images, some of them several times.
_SAME_IMAGES = ('RepeatDataset', 'ClassBalancedDataset', 'PseudoBoxDataset', 'MultiImageMixDataset')


def innermost(dataset: Any) -> list[Any]:
    """The configs of the data sets inside all wrappers: one, or those of a ``ConcatDataset``.

    Example:
        >>> cub = dict(type='sltnet_mm.CUBLocalization')
        >>> innermost(dict(type='ConcatDataset', datasets=[cub, dict(type='RepeatDataset', times=2, dataset=cub)]))
        [{'type': 'sltnet_mm.CUBLocalization'}, {'type': 'sltnet_mm.CUBLocalization'}]
    """
    inner = _inner(dataset)
    return [part for each in inner for part in innermost(each)] if inner else [dataset]


def _inner(dataset: Any) -> list[Any]:
    """The configs of the data sets directly inside a wrapper; none for a data set itself."""
    return list(dataset.get('datasets') or ([dataset['dataset']] if 'dataset' in dataset else ()))


def unwrapped(dataset: Any) -> Any:
    """The config of the one data set inside wrappers that show the same images, such as ``RepeatDataset``.

    Raises:
        ValueError: If a wrapper joins several data sets or chooses some of the images, such as ``ConcatDataset`` or
            ``KFoldDataset``.

    Example:
        >>> unwrapped(dict(type='RepeatDataset', times=2, dataset=dict(type='sltnet_mm.CUBLocalization')))
        {'type': 'sltnet_mm.CUBLocalization'}
    """
    while _inner(dataset):
        name = type_name(dataset)
        if name.rpartition('.')[2] not in _SAME_IMAGES:
            raise ValueError(
                f'the data set is wrapped in {name}, which this tool cannot take: it needs one data set, alone or in '
                f'{", ".join(_SAME_IMAGES)}. Give a config with one data set, and run the tool once for each'
            )
        dataset = dataset['dataset']
    return dataset


def pipeline_of(dataset: Any) -> list:
    """The pipeline that the images of a data set's config go through, inside or outside of its wrappers; may be empty.

    Raises:
        ValueError: If the parts of a ``ConcatDataset`` have different pipelines.
    """
    if dataset.get('pipeline'):
        return dataset['pipeline']
    found = [pipeline_of(part) for part in _inner(dataset)]
    if any(pipeline != found[0] for pipeline in found):
        raise ValueError(f'the parts of {type_name(dataset)} must have the same pipeline for this tool, got {found}')
    return found[0] if found else []


def set_pipeline(dataset: Any, pipeline: list) -> None:
    """Replace the pipeline in a data set's config, wherever its wrappers have it."""
    inner = _inner(dataset)
    if not inner or dataset.get('pipeline'):
        dataset['pipeline'] = copy.deepcopy(pipeline)
        return
    for part in inner:
        set_pipeline(part, pipeline)


def loading_steps(dataset: Any) -> list:
    """The steps of a data set's pipeline that load the image, for tools that need its size only."""
    return [step for step in pipeline_of(dataset) if type_name(step).rpartition('.')[2].startswith('LoadImage')][:1]


def set_epochs(cfg: Config, epochs: int) -> None:
    """Change the number of training epochs; schedulers that end with the last epoch (``T_max``) follow.

    Raises:
        ValueError: If ``epochs`` is below 1.

    Example:
        >>> cfg = Config(dict(train_cfg=dict(max_epochs=4), param_scheduler=[dict(type='CosineAnnealingLR', T_max=4)]))
        >>> set_epochs(cfg, 2)
        >>> cfg.train_cfg.max_epochs, cfg.param_scheduler[0].T_max
        (2, 2)
    """
    if epochs < 1:
        raise ValueError(f'epochs must be at least 1, got {epochs}')
    for scheduler in cfg.get('param_scheduler') or ():
        if scheduler.get('T_max') == cfg.train_cfg.max_epochs:
            scheduler.T_max = epochs
    cfg.train_cfg.max_epochs = epochs
