"""Configs in Python's own syntax (mmengine's lazy imports), where ``type`` is a class instead of a name."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import config_of, write_checkpoint
from mmengine import registry
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

import sltnet_mm
from sltnet_mm.config import load_config
from sltnet_mm.pseudo_boxes.from_localizer import export_pseudo_boxes

ROOT = Path(__file__).parents[1]
REGISTRIES = [each for each in vars(registry).values() if isinstance(each, registry.Registry)]
SMALL = dict(batch_size=4, num_workers=0, persistent_workers=False)


def class_of(name: str, scope: str) -> type:
    with DefaultScope.overwrite_default_scope(scope):
        return next(found for each in REGISTRIES if (found := each.get(name)) is not None)


def in_python_syntax(cfg: Config, path: Path) -> Path:
    """Write a config whose types are imported classes."""
    imports: dict[str, str] = {}

    def text(value, scope: str) -> str:
        if isinstance(value, dict):
            scope = value.get('_scope_', scope)
            if str(value.get('type', '')).startswith('mmpretrain.'):
                scope = 'mmpretrain'
            items = []
            for key, item in value.items():
                if key == 'type' and isinstance(item, str):
                    kind = class_of(item, scope)
                    alias = f'{kind.__module__}.{kind.__name__}'.replace('.', '_')
                    imports[alias] = f'from {kind.__module__} import {kind.__name__} as {alias}'
                    items.append(f'type={alias}')
                elif key != '_scope_':
                    items.append(f'{key}={text(item, scope)}')
            return f'dict({", ".join(items)})'
        if isinstance(value, (list, tuple)):
            return f'[{", ".join(text(item, scope) for item in value)}]'
        return repr(value)

    body = [f'{key} = {text(value, cfg.default_scope)}' for key, value in cfg.to_dict().items() if key != 'randomness']
    path.write_text('\n'.join([*sorted(imports.values()), *body, 'randomness = dict(seed=0)\n']))
    return path


@pytest.fixture
def config(tmp_path):
    cfg = config_of('slt_net')
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(SMALL)
        cfg[f'{split}_dataloader'].dataset.num_images = 8
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.work_dir = str(tmp_path / 'work')
    with DefaultScope.overwrite_default_scope('mmdet'):
        write_checkpoint(cfg, tmp_path / 'slt_net.pth', sltnet_mm.datasets.SyntheticLocalization().metainfo['classes'])
    cfg.dump(tmp_path / 'names.py')
    return in_python_syntax(cfg, tmp_path / 'classes.py')


def test_training_exports_and_inference_are_those_of_names(config, tmp_path):
    names, classes = load_config(tmp_path / 'names.py'), load_config(config)
    assert isinstance(classes.model.type, type) and isinstance(names.model.type, str)
    checkpoint = tmp_path / 'slt_net.pth'
    boxes = [export_pseudo_boxes(cfg, checkpoint, 'test')['annotations'] for cfg in (names, classes)]
    assert boxes[0] == boxes[1] and boxes[0]
    images = [np.random.default_rng(seed).integers(0, 255, (50, 70, 3), dtype=np.uint8) for seed in range(2)]
    found = [
        [
            (result.box, result.name, result.score_map.sum())
            for result in sltnet_mm.SLTInferencer(cfg, checkpoint, device='cpu')(images)
        ]
        for cfg in (names, classes)
    ]
    assert found[0] == found[1]
    states = []
    for number, cfg in enumerate((names, classes)):
        cfg.experiment_name = f'python_config_{number}'
        runner = Runner.from_cfg(cfg)
        runner.train()
        states.append(runner.model.state_dict())
    assert all(bool((states[0][key] == states[1][key]).all()) for key in states[0])


def test_test_and_coco_tools_take_them(config, tmp_path, monkeypatch, capsys):
    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')

    run('test.py', config, tmp_path / 'slt_net.pth', '--work-dir', tmp_path / 'test', '--show-dir', 'pictures')
    assert len(list((tmp_path / 'test').glob('*/pictures/*.png'))) == 8
    run('dataset_converters/localization_to_coco.py', config, '--out', tmp_path / 'truth.json')
    assert '8 ground-truth boxes' in capsys.readouterr().out
