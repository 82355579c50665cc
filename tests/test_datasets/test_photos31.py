"""The builder of photos31, on made-up cut-outs and photographs in place of the packages."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from sltnet_mm.datasets import CUBLocalization, LocalizationList

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'make_photos31.py'


@pytest.fixture(scope='module')
def recipe():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOL.parent))
        from photos31 import recipe

        yield recipe


@pytest.fixture(scope='module')
def unpacked(recipe, tmp_path_factory) -> Path:
    """Textured ellipses for the cut-outs of vehicles, noise for the photographs."""
    root = tmp_path_factory.mktemp('unpacked')
    rng = np.random.default_rng(0)
    for each in recipe.CLASSES:
        if each.group != 'vehicle':
            continue
        for stamp in each.train + each.test:
            image = np.zeros((80, 120, 4), np.uint8)
            image[..., :3] = rng.integers(0, 256, (80, 120, 3))
            mask = np.zeros((80, 120), np.uint8)
            cv2.ellipse(mask, (60, 40), (50, 30), 0, 0, 360, 255, -1)
            image[..., 3] = mask
            path = root / 'usr/share/tuxpaint/stamps' / f'{stamp}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), image)
    for items in recipe.BACKGROUNDS.values():
        for relative, _ in items:
            path = root / (relative if relative.endswith('.jpg') else f'{relative}/1920x1080.jpg')
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(0, 256, (12, 16, 3), np.uint8)
            assert cv2.imwrite(str(path), cv2.resize(noise, (160, 120), interpolation=cv2.INTER_CUBIC))
    return root


def make(unpacked: Path, out: Path, *options: str) -> subprocess.CompletedProcess:
    counts = ['--train', '2', '--val', '1', '--test', '1', '--size', '64', '--groups', 'vehicle']
    command = [sys.executable, str(TOOL), '--unpacked', str(unpacked), '--out', str(out), *counts, *options]
    return subprocess.run(command, text=True, capture_output=True)


def test_recipe_keeps_photographs_of_the_splits_apart(recipe):
    assert len(recipe.CLASSES) == len({each.name for each in recipe.CLASSES}) == 31
    paths = [path for items in recipe.BACKGROUNDS.values() for path, _ in items]
    assert len(paths) == len(set(paths)) == 24 + 8 + 15


def test_both_layouts_are_read_and_agree(unpacked, recipe, tmp_path):
    result = make(unpacked, tmp_path / 'a', '--sheets')
    assert result.returncode == 0, result.stderr
    assert '4 classes, 16 images' in result.stdout
    root = str(tmp_path / 'a')
    cub, lists = {}, {}
    for split in ('train', 'test'):
        for by_id, dataset in (
            (cub, CUBLocalization(root, split)),
            (lists, LocalizationList(root, 'metadata/PHOTOS31', 'images', split, num_classes=4, mask_dir='masks')),
        ):
            for index in range(len(dataset)):
                info = dataset.get_data_info(index)
                by_id[info['img_path']] = (info['gt_label'], info.get('instances'), info.get('mask_path'))
    assert len(cub) == 12 and {path: value[:2] for path, value in lists.items()} == {k: v[:2] for k, v in cub.items()}
    for label, instances, mask_path in lists.values():
        if instances is not None:
            rows, columns = np.nonzero(cv2.imread(mask_path, cv2.IMREAD_GRAYSCALE))
            assert instances[0]['bbox'] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert instances[0]['bbox_label'] == label
    assert len(LocalizationList(root, 'metadata/PHOTOS31', 'images', 'val', num_classes=4)) == 4
    assert {path.name for path in (tmp_path / 'a' / 'sheets').iterdir()} == {f'{s}_0.png' for s in recipe.SPLITS}

    again = make(unpacked, tmp_path / 'b', '--jobs', '2')
    assert again.stdout.splitlines()[-1] == result.stdout.splitlines()[-1]  # the digest of all images
    assert (
        make(unpacked, tmp_path / 'b', '--force', '--seed', '1').stdout.splitlines()[-1]
        != again.stdout.splitlines()[-1]
    )


def test_refusals(unpacked, tmp_path):
    (tmp_path / 'full' / 'images').mkdir(parents=True)
    for out, options, words in (
        ('full', (), 'already contains a data set. Use --force'),
        ('x', ('--groups', 'bird'), '--groups must be among mammal, other_animal, plant_food, vehicle, got bird'),
        ('x', ('--groups', 'mammal'), 'source files are missing in'),
        ('x', ('--size', '8'), '--size must be at least 32'),
    ):
        result = make(unpacked, tmp_path / out, *options)
        assert result.returncode and words in result.stderr and 'Traceback' not in result.stderr
