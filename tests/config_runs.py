"""Two real training iterations and a real test of any config."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torchvision.models import get_model

from sltnet_mm.config import unwrapped

CONFIGS = sorted(path for path in (Path(__file__).parents[1] / 'configs').rglob('*.py') if '_base_' not in path.parts)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def config_of(stem: str) -> Config:
    return Config.fromfile(next(path for path in CONFIGS if path.stem == stem))


def shrink(cfg: Config, work_dir: Path, batch: int = 4) -> Config:
    """Two iterations of training, then validation, on a few images."""
    cfg.work_dir = str(work_dir)
    cfg.log_processor.by_epoch = False
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    cfg.default_hooks.logger.interval = 1
    if cfg.get('train_dataloader'):  # ImageNet's classifiers are only tested
        cfg.param_scheduler = []
        cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
        cfg.train_dataloader.batch_size = batch
    for name in LOADERS:
        if not cfg.get(name):
            continue
        cfg[name].update(num_workers=0, persistent_workers=False)
        dataset = unwrapped(cfg[name].dataset)
        if dataset.type == 'sltnet_mm.SyntheticLocalization':
            dataset.num_images = 12
    return cfg


def train_and_test(cfg: Config) -> dict:
    runner = Runner.from_cfg(cfg)
    if not cfg.get('train_cfg'):
        return dict(losses={}, metrics=runner.test())
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    after = dict(runner.model.named_parameters())
    for part in {name.rsplit('.', 2)[0] for name, value in after.items() if value.requires_grad}:
        if part.startswith(('localizer.head', 'regressor.bbox_head', 'head', 'bbox_head')):
            assert any(not torch.equal(before[name], after[name]) for name in after if name.startswith(part)), part
    losses = {
        name: buffer.current()
        for name, buffer in runner.message_hub.log_scalars.items()
        if name.startswith('train/loss')
    }
    assert all(np.isfinite(value) for value in losses.values()) and losses
    return dict(losses=losses, metrics=runner.test())


def with_random_weights(model: dict, folder: Path) -> None:
    """The networks of photos31, and transformers, without their downloads, in place.

    Their weights are random, from a file where one is wanted.
    """
    for value in list(model.values()):
        if isinstance(value, dict):
            with_random_weights(value, folder)
    if model.get('type') == 'VisionTransformer':
        model.pop('init_cfg', None)
    if model.get('type') == 'TIMMBackbone':
        model.pop('checkpoint_path', None)
    if model.get('type') == 'sltnet_mm.TorchvisionBackbone':
        model['checkpoint'] = str(folder / f'{model["model"]}.pth')
        torch.save(get_model(model['model'], weights=None).state_dict(), model['checkpoint'])
