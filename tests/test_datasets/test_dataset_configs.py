"""The data set configs build and load under both hosts' scopes."""

from pathlib import Path

import pytest
from layouts import write_image, write_lines
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'


@pytest.fixture
def photos31_root(tmp_path):
    names = Config.fromfile(CONFIGS / 'photos31_localization.py').classes
    assert len(set(names)) == 31
    for split in ('train', 'val', 'test'):
        name = f'031.{names[30]}/{names[30]}_{split}.jpg'
        write_image(tmp_path / 'images' / name)
        folder = tmp_path / 'metadata' / 'PHOTOS31' / split
        write_lines(folder / 'image_ids.txt', name)
        write_lines(folder / 'class_labels.txt', f'{name},30')
        write_lines(folder / 'localization.txt', f'{name},1,2,9,8')
        write_lines(folder / 'localization_masks.txt', f'{name},{name[:-4]}.png,')
    return tmp_path


@pytest.mark.parametrize('scope', ['mmdet', 'mmpretrain'])
@pytest.mark.parametrize(('name', 'side'), [('synthetic', 64), ('cub', 224), ('photos31', 224)])
def test_config_builds_and_loads(name, side, scope, cub_root, photos31_root):
    config = Config.fromfile(CONFIGS / f'{name}_localization.py')
    assert config.val_evaluator == config.test_evaluator == [dict(type='sltnet_mm.LocalizationMetric')]
    for part in ('train', 'val', 'test'):
        loader = config[f'{part}_dataloader']
        assert loader.persistent_workers == (loader.num_workers > 0)
        loader.update(num_workers=0, persistent_workers=False, batch_size=1)
        if name == 'synthetic':
            loader.dataset.num_images = 3
        else:
            assert loader.dataset.data_root == config.data_root
            loader.dataset.data_root = str(cub_root if name == 'cub' else photos31_root)
        with DefaultScope.overwrite_default_scope(scope):
            batch = next(iter(Runner.build_dataloader(loader, seed=0)))
        assert batch['inputs'][0].shape == (3, side, side)
        assert len(batch['data_samples'][0].gt_instances) == (part != 'train')
        assert ('mask_path' in batch['data_samples'][0].metainfo) == (part != 'train' and name != 'cub')
