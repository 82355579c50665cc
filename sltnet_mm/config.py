"""Config files: loading one, overriding its settings, and the data set inside its wrappers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config


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
    datasets: list[Any] = []
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset: Any = cfg[name].dataset if cfg.get(name) else {}
        dataset = unwrapped(dataset)
        if 'data_root' in dataset:
            datasets.append(dataset)
    if not datasets:
        raise ValueError(
            f'data root {data_root} has no effect: no data set in {cfg.filename} has a data_root. Leave it out'
        )
    for dataset in datasets:
        dataset.data_root = data_root
    # The variables that the config made its data sets of: the log prints them.
    for variables in (cfg, cfg.get('dataset')):
        if isinstance(variables, (Config, dict)) and 'data_root' in variables:
            variables['data_root'] = data_root


def unwrapped(dataset: Any) -> Any:
    """The config of the data set inside wrappers such as mmengine's ``RepeatDataset`` or our ``PseudoBoxDataset``.

    Example:
        >>> unwrapped(dict(type='RepeatDataset', times=2, dataset=dict(type='sltnet_mm.CUBLocalization')))
        {'type': 'sltnet_mm.CUBLocalization'}
    """
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


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
