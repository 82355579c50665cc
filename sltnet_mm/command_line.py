"""Arguments and config handling shared by tools/train.py and tools/test.py."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of both tools, under the names that OpenMMLab's tools use."""
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of logs and results (default: work_dirs/<config name>)')
    parser.add_argument('--data-root', help="folder of all data, instead of the config's")
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config: key=value, lists as key="[a,b]" without spaces',
    )
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by older torch launchers')


def load_config(args: argparse.Namespace) -> Config:
    """The config, changed by the shared arguments.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If ``--data-root`` is given, but the config's data sets have no ``data_root``.
    """
    if not Path(args.config).is_file():
        raise FileNotFoundError(f'config {args.config} does not exist. The configs of this package are in configs/')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    if args.data_root:
        _set_data_root(cfg, args.data_root)
    if args.work_dir:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
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
            f'--data-root {data_root} has no effect: no data set in {cfg.filename} has a data_root. Leave it out'
        )
    for dataset in datasets:
        dataset.data_root = data_root


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


def build_runner(cfg: Config) -> Runner:
    """The runner that the config names, by default mmengine's ``Runner``."""
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
