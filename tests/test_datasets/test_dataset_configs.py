"""The data set configs build and load under both hosts' scopes."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from layouts import write_cubv2, write_ilsvrc, write_image, write_imagenetv2, write_lines, write_openimages
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'


def write_composites(root: Path, data: str, count: int) -> Path:
    """One image per split, of the last class, in the layout that a config of composites reads."""
    names = Config.fromfile(CONFIGS / f'{data}_localization.py').classes
    assert len(set(names)) == count
    for split in ('train', 'val', 'test'):
        name = f'{count:03d}.{names[-1]}/{names[-1]}_{split}.jpg'
        write_image(root / 'images' / name)
        folder = root / 'metadata' / data.upper() / split
        write_lines(folder / 'image_ids.txt', name)
        write_lines(folder / 'class_labels.txt', f'{name},{count - 1}')
        write_lines(folder / 'localization.txt', f'{name},1,2,9,8')
        write_lines(folder / 'localization_masks.txt', f'{name},{name[:-4]}.png,')
    return root


@pytest.fixture
def roots(cub_root, tmp_path):
    """Small copies of everything that a config reads, by the first word of the config's name."""
    write_cubv2(cub_root)
    write_ilsvrc(tmp_path / 'ILSVRC')
    write_imagenetv2(tmp_path / 'ILSVRC')
    write_openimages(tmp_path / 'OpenImages')
    ilsvrc = tmp_path / 'ILSVRC'
    return dict(
        cub=cub_root,
        cubv2=cub_root,
        photos31=write_composites(tmp_path / 'photos31', 'photos31', 31),
        marks36=write_composites(tmp_path / 'marks36', 'marks36', 36),
        ilsvrc=ilsvrc,
        imagenetv2=ilsvrc,
        openimages=tmp_path / 'OpenImages',
    )


def load(config: Config, part: str, root: Path | None, scope: str, index: int = 0) -> dict:
    loader = config[f'{part}_dataloader']
    assert loader.persistent_workers == (loader.num_workers > 0)
    loader.update(num_workers=0, persistent_workers=False, batch_size=1)
    if root is None:
        loader.dataset.num_images = 3
    else:
        assert loader.dataset.data_root == config.data_root
        loader.dataset.data_root = str(root)
    with DefaultScope.overwrite_default_scope(scope):
        batches = iter(Runner.build_dataloader(loader, seed=0))
        return next(itertools.islice(batches, index, None))


@pytest.mark.parametrize('scope', ['mmdet', 'mmpretrain'])
@pytest.mark.parametrize(('name', 'side'), [('synthetic', 64), ('cub', 224), ('photos31', 224), ('marks36', 160)])
def test_config_builds_and_loads(name, side, scope, roots):
    config = Config.fromfile(CONFIGS / f'{name}_localization.py')
    assert config.val_evaluator == config.test_evaluator == [dict(type='sltnet_mm.LocalizationMetric')]
    for part in ('train', 'val', 'test'):
        batch = load(config, part, roots.get(name), scope)
        assert batch['inputs'][0].shape == (3, side, side)
        assert len(batch['data_samples'][0].gt_instances) == (part != 'train')
        assert ('mask_path' in batch['data_samples'][0].metainfo) == (part != 'train' and name != 'cub')


BENCHMARKS = sorted(
    path.stem
    for path in CONFIGS.glob('*.py')
    if path.stem.split('_')[0] in ('cub', 'cubv2', 'ilsvrc', 'imagenetv2', 'openimages')
    and not path.stem.endswith(('_pseudo_boxes', '_pseudo_boxes_299', '_hierarchy'))
)


def test_benchmarks_have_the_paper_s_views():
    assert {'cub', 'ilsvrc'} == {name.split('_')[0] for name in BENCHMARKS if name.endswith(('_299', '_448'))}
    assert len(BENCHMARKS) == 13


@pytest.mark.parametrize('name', BENCHMARKS)
def test_benchmark_config(name, roots):
    """Every split loads, at the size that the name says; only CUBV2 and ImageNetV2 are val splits of their own."""
    config = Config.fromfile(CONFIGS / f'{name}.py')
    data, root = name.split('_')[0], roots[name.split('_')[0]]
    side = int(name.rpartition('_')[2]) if name[-1].isdigit() else 224
    splits = [config[f'{part}_dataloader'].dataset.split for part in ('train', 'val', 'test')]
    assert splits == ['train', 'val' if data in ('cubv2', 'imagenetv2', 'openimages') else 'test', 'test']
    if data in ('ilsvrc', 'imagenetv2'):
        assert config.train_dataloader.num_workers == config.test_dataloader.num_workers == 8
    shapes = {}
    for part in ('train', 'val', 'test'):
        batch = load(config, part, root, 'mmpretrain')
        sample = batch['data_samples'][0]
        assert batch['inputs'][0].shape == (3, side, side)
        assert (len(sample.gt_instances) > 0) == (part != 'train' and data != 'openimages')
        assert ('crops' in sample) == ('tencrop' in name and part == 'test')
        shapes[part] = tuple(sample.crops.shape) if 'crops' in sample else None
        # the whole image but for training views
        whole = np.diag([side / sample.ori_shape[1], side / sample.ori_shape[0], 1])
        if part != 'train' or '448' in name:
            np.testing.assert_allclose(sample.homography_matrix, whole, rtol=1e-6)
            assert not sample.flip
    assert shapes['test'] == ((10, 3, side, side) if 'tencrop' in name else None)
    resize, crop = {224: (256, 224), 299: (320, 299), 448: (448, None)}[side]
    step = config.train_dataloader.dataset.pipeline[1]
    assert (step['resize'], step.get('crop'), step.get('mode')) == (resize, crop, crop and 'random')
    assert config.train_dataloader.drop_last == (side != 448)
    kind = 'PixelAveragePrecision' if data == 'openimages' else 'LocalizationMetric'
    expected = 'mmpretrain.Accuracy' if 'tencrop' in name else f'sltnet_mm.{kind}'
    assert [evaluator.type for evaluator in config.test_evaluator] == [expected]


def test_masks_of_openimages_reach_the_metric(roots):
    config = Config.fromfile(CONFIGS / 'openimages_localization.py')
    metainfo = load(config, 'test', roots['openimages'], 'mmpretrain')['data_samples'][0].metainfo
    assert len(metainfo['mask_path']) == 2 and metainfo['ignore_mask_path'].endswith('aa_ignore.png')
