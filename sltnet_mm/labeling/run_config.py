"""The config of a run on a user's photographs, which every other tool takes too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from sltnet_mm.config import load_config, set_epochs
from sltnet_mm.hooks.preprocessing_hook import Preprocessing
from sltnet_mm.labeling.photographs import Photographs
from sltnet_mm.labeling.plan import CONFIGS, Plan
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.weights.efficientnet_lite0 import PACKAGE


def make_config(
    plan: Plan,
    photographs: Photographs,
    out: Path,
    weights: str | Path | None = None,
    cfg_options: Mapping[str, Any] | None = None,
) -> Config:
    """The config of the plan's network, changed for the photographs.

    Args:
        plan: What to train.
        photographs: Its data; ``out/annotations.csv`` must list them.
        out: Folder of the results; the training runs in ``out/training``.
        weights: File of pretrained weights. None: the config's download, or the installed package.
        cfg_options: Other settings by dotted key, which come last.

    Returns:
        The config. Its validation is left out if no image of 'val' has a box, and so is its test.
    """
    cfg = load_config(configs_folder() / CONFIGS[plan.network], data_root=photographs.root.resolve())
    cfg.work_dir = str(out / 'training')
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=plan.seed)
    cfg.model.localizer.head.num_classes = cfg.num_classes = len(photographs.classes)
    cfg.model.localizer.head.loss.top_k = cfg.top_k = plan.top_k
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.dataset.ann_file = str((out / 'annotations.csv').resolve())
        loader.batch_size = plan.batch_size if split == 'train' else 16
    set_epochs(cfg, plan.epochs)
    interval = max(1, plan.epochs // 10)
    cfg.default_hooks.checkpoint.update(interval=interval, save_last=True)
    cfg.train_cfg.val_interval = interval
    cfg.default_hooks.ema = dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)
    if not photographs.boxed('val'):
        cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    _set_weights(cfg, plan.network, weights)
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    return cfg


def write_config(cfg: Config, path: Path) -> None:
    """Write a config as a file without bases, atomically."""
    with atomic_write(path) as partial:
        cfg.dump(str(partial))


def set_preprocessing(cfg: Config, preprocessing: Preprocessing) -> None:
    """Set the preprocessing of an SLT-Net's config, in place."""
    cfg.model.data_preprocessor.update(
        mean=list(preprocessing.mean), std=list(preprocessing.std), bgr_to_rgb=preprocessing.rgb
    )


def configs_folder() -> Path:
    """The folder ``configs`` of the checkout, or that of an installed wheel.

    Raises:
        FileNotFoundError: If there is neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / 'configs', package / '.mim' / 'configs'):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f'no folder of configs beside {package}: install sltnet_mm anew')


def _set_weights(cfg: Config, network: str, weights: str | Path | None) -> None:
    """Set the pretrained weights of both parts, in place."""
    parts = (cfg.model.localizer.backbone, cfg.model.regressor.backbone)
    if weights is not None and not Path(weights).is_file():
        raise FileNotFoundError(f'--weights: the file {weights} does not exist')
    if network == 'squeezenet1-1' and weights is not None:
        for part in parts:
            part.checkpoint = str(Path(weights).resolve())
    elif network == 'efficientnet-lite0' and weights is not None:
        raise ValueError(f'--weights: those of {network} come from the package {PACKAGE}. Leave it out')
    elif weights is not None:
        for part in parts:
            part.init_cfg.checkpoint = str(Path(weights).resolve())
