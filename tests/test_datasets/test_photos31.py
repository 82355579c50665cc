"""The builders of photos31 and marks36, on made-up cut-outs and photographs in place of the packages."""

import itertools
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from sltnet_mm.datasets import CUBLocalization, LocalizationList

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'dataset_converters' / 'make_photos31.py'
MARKS36 = TOOL.with_name('make_marks36.py')
CENTER = ((20, 20, 20, 23), (15, 12, 18, 15))


@pytest.fixture(scope='module')
def recipe():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOL.parent))
        from photos31 import recipe

        yield recipe


@pytest.fixture(scope='module')
def marks36(recipe):
    from photos31 import marks36

    return marks36


@pytest.fixture(scope='module')
def marks(recipe):
    from photos31 import marks

    return marks


@pytest.fixture(scope='module')
def unpacked(recipe, marks36, tmp_path_factory) -> Path:
    """Textured ellipses for the cut-outs of vehicles and of marks36, noise for the photographs."""
    root = tmp_path_factory.mktemp('unpacked')
    rng = np.random.default_rng(0)
    for each in [each for each in recipe.CLASSES if each.group == 'vehicle'] + list(marks36.CLASSES):
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


def make(
    unpacked: Path, out: Path, *options: str, tool: Path = TOOL, groups: str = 'vehicle'
) -> subprocess.CompletedProcess:
    counts = ['--train', '2', '--val', '1', '--test', '1', '--size', '64', '--groups', groups]
    command = [sys.executable, str(tool), '--unpacked', str(unpacked), '--out', str(out), *counts, *options]
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


def test_marks36_differs_in_the_marks_alone(marks36, marks):
    """Six kinds, each with one cut-out and one place for the mark, in six patterns."""
    kinds = {}
    for each in marks36.CLASSES:
        kinds.setdefault(each.group, []).append(each)
    assert len(kinds) == 6 and len({each.name for each in marks36.CLASSES}) == 36
    for group in kinds.values():
        assert tuple(each.mark.pattern for each in group) == marks.PATTERNS
        assert len({(each.train, each.test, each.mark.at, each.mark.size, each.rotation) for each in group}) == 1


def test_config_of_marks36_has_the_classes_in_order(marks36):
    config = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' / 'marks36_localization.py')
    assert config.classes == [each.name for each in marks36.CLASSES]


def test_a_mark_changes_one_part_and_no_outline(marks):
    """A gray square of 50 x 50: the mark is a disc of the pattern's color, everything else stays."""
    alpha = np.ones((50, 50), np.float32)
    gray = np.full((50, 50, 3), 0.5, np.float32)
    y, x = np.mgrid[0:50, 0:50]
    outside = np.hypot(x - 15, y - 20) > 5.01
    seen = {}
    for pattern in marks.PATTERNS:
        color, same = marks.paint((gray, alpha), marks.Mark(pattern, (0.3, 0.4), 0.2))
        assert np.array_equal(same, alpha) and np.array_equal(color[outside], gray[outside])
        assert np.abs(color - gray)[~outside].mean() > 0.1
        seen[pattern] = color
    # The strongest of blue, green and red at the center, left and right of it and below it; white and black have none.
    strongest = {
        name: [int(c.argmax()) if np.ptp(c) > 0.5 else c.mean() > 0.5 for c in color[CENTER]]
        for name, color in seen.items()
    }
    assert strongest == dict(
        red=[2] * 4,
        yellow=[2] * 4,
        blue=[0] * 4,
        white=[True] * 4,
        stripes=[True, True, False, True],
        ring=[2, True, True, True],
    )
    pairs = itertools.combinations(seen.values(), 2)
    assert all(np.abs(a - b)[~outside].mean() > 0.05 for a, b in pairs)


def test_a_mark_off_the_object_or_unknown_is_refused(marks):
    alpha = np.zeros((50, 50), np.float32)
    alpha[:, :25] = 1
    cutout = (np.repeat(alpha[..., None], 3, 2) * 0.5, alpha)
    with pytest.raises(ValueError, match='does not cover a mark of size 0.2 at'):
        marks.paint(cutout, marks.Mark('red', (0.5, 0.5), 0.2))
    with pytest.raises(ValueError, match="must be one of red, yellow, blue, white, stripes, ring, got 'pink'"):
        marks.paint(cutout, marks.Mark('pink', (0.25, 0.5), 0.2))


def test_marks36_is_built_with_marks_and_read(unpacked, tmp_path):
    result = make(unpacked, tmp_path / 'a', tool=MARKS36, groups='bison')
    assert result.returncode == 0, result.stderr
    assert '6 classes, 24 images' in result.stdout
    root = str(tmp_path / 'a')
    data = LocalizationList(root, 'metadata/MARKS36', 'images', 'test', num_classes=6, mask_dir='masks')
    assert len(data) == 6 and data.get_data_info(5)['gt_label'] == 5

    # The cut-outs have no color on average, so what is red inside the masks is the mark.
    def redness(name: str) -> float:
        found = []
        for path in sorted((tmp_path / 'a' / 'images').glob(f'*.Bison_{name}/*.jpg')):
            image = cv2.imread(str(path)).astype(float)
            mask = cv2.imread(str(path).replace('images', 'masks').replace('.jpg', '.png'), cv2.IMREAD_GRAYSCALE) > 0
            found.append((image[..., 2] - image[..., 0])[mask].mean())
        return float(np.mean(found))

    assert redness('Red') > redness('White') + 1
    refused = make(unpacked, tmp_path / 'x', tool=MARKS36, groups='bird')
    assert 'make_marks36: --groups must be among bison, elephant' in refused.stderr
