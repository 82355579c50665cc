"""Small configs of every role, and checkpoints with random weights that tell classes and places apart."""

import copy
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from sltnet_mm.datasets import SyntheticLocalization

CONFIGS = Path(__file__).parents[1] / 'configs'
STEMS = dict(
    slt_net='slt_net/slt-net_small-conv_1xb32-10e_synthetic',
    localizer='localizer/slt-localizer_small-conv_1xb32-10e_synthetic',
    regressor='regressor/regressor_small-conv_1xb32-10e_synthetic',
    classifier='classifier/classifier_small-conv_1xb32-10e_synthetic',
)


def config_of(kind: str) -> Config:
    return Config.fromfile(CONFIGS / f'{STEMS[kind]}.py')


def write_checkpoint(cfg: Config, path: Path, classes: tuple[str, ...] | None = None) -> None:
    torch.manual_seed(7)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(copy.deepcopy(cfg.model))
    for name, parameter in model.named_parameters():
        if name.endswith('cam.weight'):
            torch.nn.init.normal_(parameter)
        if name.endswith('fc_box.weight'):  # zero at the start: every box is the same
            torch.nn.init.normal_(parameter, std=0.5)
    meta = {} if classes is None else dict(dataset_meta=dict(classes=classes))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)


def write_checkpoints(folder: Path) -> dict[str, tuple[Path, Path]]:
    """kind -> (config file, checkpoint file in ``folder``)."""
    classes = SyntheticLocalization(split='test', num_images=12).metainfo['classes']
    files = {}
    for kind, stem in STEMS.items():
        config = CONFIGS / f'{stem}.py'
        write_checkpoint(Config.fromfile(config), folder / f'{kind}.pth', classes)
        files[kind] = (config, folder / f'{kind}.pth')
    return files
