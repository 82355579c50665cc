"""Arguments and config handling shared by tools/train.py and tools/test.py."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mmengine.config import Config, DictAction

from sltnet_mm.config import load_config
from sltnet_mm.threads import wait_without_spinning

_protection = contextlib.ExitStack()

if TYPE_CHECKING:
    from mmengine.evaluator import BaseMetric
    from mmengine.runner import Runner

wait_without_spinning()  # when the tools are started, before anything imports torch


def add_common_arguments(parser: argparse.ArgumentParser, processes: bool = True) -> None:
    """Add the arguments that the tools share, under the names that OpenMMLab's tools use.

    Args:
        parser: Parser of the tool.
        processes: Whether the tool runs in several processes; only then it has a launcher.
    """
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
    if not processes:
        parser.set_defaults(launcher='none', local_rank=0)
        return
    group = parser.add_argument_group('several processes (leave them out for one)')
    group.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none', help='job launcher')
    group.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by older torch launchers')


def add_map_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument for maps of any layer, see :mod:`sltnet_mm.map_sources`."""
    parser.add_argument(
        '--map-source',
        metavar='METHOD[:LAYER,...]',
        help="take the maps of any layers in place of the model's own, as layer_cam:backbone.layer3,backbone.layer4",
    )


def add_overwrite_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--overwrite``, for :func:`refuse_existing`."""
    parser.add_argument('--overwrite', action='store_true', help='replace existing output files')


def refuse_existing(parser: argparse.ArgumentParser, overwrite: bool, outputs: Mapping[str, str | Path | None]) -> None:
    """End the tool with a message if an output file exists already, unless it may be replaced.

    Args:
        parser: Parser of the tool.
        overwrite: Whether existing files may be replaced.
        outputs: Path of the file by argument, such as ``{'--out': args.out}``; None if it is not written.
    """
    for name, path in outputs.items():
        if path is not None and Path(path).exists() and not overwrite:
            parser.error(f'{name}: {path} already exists. Use another name, or --overwrite to replace it')


def config_of_args(args: argparse.Namespace) -> Config:
    """The config, changed by the shared arguments.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: If ``--data-root`` is given, but the config's data sets have no ``data_root``.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_config(args.config, args.cfg_options, args.data_root)
    cfg.launcher = args.launcher
    if args.work_dir:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def build_runner(cfg: Config) -> Runner:
    """The runner that the config names, by default mmengine's ``Runner``; its checkpoints run no code."""
    # Imported here: torch takes seconds, and --help of the tools must not wait for it.
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    from sltnet_mm.report.environment import import_hosts
    from sltnet_mm.weights.loading import protected_loading

    _protection.enter_context(protected_loading())  # for the rest of the process
    if cfg.get('default_scope') == 'mmdet':
        import_hosts()  # without their messages about packages that nothing here needs
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def add_test_metric(runner: Runner, metric: BaseMetric) -> None:
    """Add a metric to the runner's test, with the meta information (class names) of the test data."""
    evaluator = runner.test_evaluator  # builds the test loop, which gives its metrics the meta information
    metric.dataset_meta = evaluator.dataset_meta
    evaluator.metrics.append(metric)
