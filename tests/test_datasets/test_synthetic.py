import pickle

import cv2
import mmcv
import mmengine.fileio
import numpy as np
import pytest
from mmengine.runner import Runner

from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.datasets.synthetic import CLASSES, draw_image, make_scene
from sltnet_mm.datasets.synthetic.backgrounds import FAMILIES, HUES, draw_background
from sltnet_mm.datasets.synthetic.scene import MIN_MARK_VISIBLE, MIN_VISIBLE

FIXED_BOXES = [
    (35.0, 49.0, 56.0, 59.0),
    (5.0, 7.0, 58.0, 47.0),
    (2.0, 7.0, 53.0, 44.0),
    (20.0, 41.0, 53.0, 61.0),
    (5.0, 15.0, 30.0, 35.0),
    (8.0, 19.0, 45.0, 42.0),
]
FIXED_COLORS = {
    ('train', 0): [143.8, 132.1, 111.5],
    ('train', 7): [114.4, 101.4, 92.7],
    ('val', 3): [87.4, 73.9, 76.6],
    ('val', 10): [94.8, 96.7, 78.6],
    ('test', 5): [106.1, 124.2, 122.6],
}


def test_boxes_stay_as_they_were_fixed():
    """The data must not be bent toward a method: sizes were chosen by what a center box gets, before any training."""
    found = [make_scene(0, split, index, index % 12, 64).box for split in ('train', 'val', 'test') for index in (0, 5)]
    assert found == FIXED_BOXES


def test_appearance_stays_as_it_was_fixed():
    """Mean colors, with room for another version of OpenCV or numpy."""
    for (split, index), color in FIXED_COLORS.items():
        assert draw_image(0, split, index, index % 12, 64).mean(axis=(0, 1)) == pytest.approx(color, abs=0.5)


def test_depends_on_seed_split_and_index_only():
    forward = [draw_image(0, 'train', i, i % 12, 48) for i in range(6)]
    backward = [draw_image(0, 'train', i, i % 12, 48) for i in reversed(range(6))][::-1]
    assert all((a == b).all() for a, b in zip(forward, backward, strict=True))
    for other in (draw_image(1, 'train', 0, 0, 48), draw_image(0, 'val', 0, 0, 48), draw_image(0, 'train', 12, 0, 48)):
        assert (forward[0] != other).mean() > 0.5
    assert (draw_image(0, 'val', 0, 0, 48) != draw_image(0, 'test', 0, 0, 48)).mean() > 0.5


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(0)
    state = pickle.dumps(np.random.get_state())
    first = draw_image(0, 'val', 3, 3, 32)
    assert pickle.dumps(np.random.get_state()) == state
    np.random.seed(1)
    assert (draw_image(0, 'val', 3, 3, 32) == first).all()


def test_box_is_the_masks_box_and_the_mask_is_the_visible_animal():
    for index in range(60):
        scene = make_scene(0, 'val', index, index % 12, 64)
        rows, columns = np.nonzero(scene.mask)
        assert scene.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        animal = np.maximum(np.maximum(scene.trunk, scene.limbs), scene.mark)
        assert (scene.mask == (animal * (1 - scene.occluder) > 0.5)).all()
        assert (animal * (1 - scene.occluder)).sum() >= MIN_VISIBLE * animal.sum() - 1e-3
        assert (scene.mark * (1 - scene.occluder)).sum() >= MIN_MARK_VISIBLE * scene.mark.sum() - 1e-3
        assert scene.mark.sum() < 0.45 * animal.sum()  # the mark is a part
        assert (scene.mark > 0.5).any()


def test_the_pixels_show_the_geometry():
    """Two classes with the same body differ where the mark is, and nowhere else (noise has the same stream)."""
    for index in range(8):
        red, green = make_scene(0, 'train', index, 0, 64), make_scene(0, 'train', index, 8, 64)
        if red.occluder.any() or green.occluder.any():
            continue  # an occluder is drawn again by what the mark's outline needs
        changed = np.abs(
            draw_image(0, 'train', index, 0, 64).astype(int) - draw_image(0, 'train', index, 8, 64).astype(int)
        ).max(axis=2)
        marks = np.maximum(red.mark, green.mark)
        assert (changed[marks == 0] <= 1).all() and (changed[np.minimum(red.mark, green.mark) > 0.9] > 10).mean() > 0.9


def test_boxes_vary_and_the_center_does_not_win():
    boxes = np.array([make_scene(0, 'test', i, i % 12, 64).box for i in range(300)])
    size = boxes[:, 2:] - boxes[:, :2]
    assert (boxes >= 0).all() and (boxes <= 64).all() and (size > 0).all()
    low, high = np.percentile(size.max(axis=1), [5, 95])
    assert low < 25 and high > 48
    best = 0.0
    for width in range(16, 65, 4):
        for height in range(12, 65, 4):
            center = np.array([32 - width / 2, 32 - height / 2, 32 + width / 2, 32 + height / 2])
            inner = np.clip(np.minimum(boxes[:, 2:], center[2:]) - np.maximum(boxes[:, :2], center[:2]), 0, None).prod(
                axis=1
            )
            best = max(best, (inner / (size.prod(axis=1) + width * height - inner) > 0.5).mean())
    assert best < 0.27  # of the best of all centered boxes; one chosen beforehand has less


def test_validation_backgrounds_are_of_other_families_and_palettes():
    assert not set(FAMILIES['train']) & set(FAMILIES['val'])
    for low, high in HUES['train']:
        assert all(high <= other_low or other_high <= low for other_low, other_high in HUES['val'])
    image = draw_background(np.random.default_rng(0), 'val', 40)
    assert image.shape == (40, 40, 3) and image.dtype == np.float32 and 0 <= image.min() and image.max() <= 1


@pytest.mark.parametrize('size', [16, 64, 97])
def test_every_size_draws(size):
    for split in ('train', 'val'):
        for index in range(12):
            image = draw_image(7, split, index, index, size)
            assert image.shape == (size, size, 3) and image.dtype == np.uint8 and image.std() > 3


def test_paths_are_read_by_the_hosts_file_functions():
    dataset = SyntheticLocalization('val', num_images=24)
    info = dataset.get_data_info(17)
    assert info['img_path'] == 'synthetic://seed0-size64/val/000017-05.png' and info['gt_label'] == 5
    image = mmcv.imfrombytes(mmengine.fileio.get(info['img_path']))
    assert (image == draw_image(0, 'val', 17, 5, 64)).all()
    mask = mmcv.imfrombytes(mmengine.fileio.get(info['mask_path']), flag='unchanged')
    assert set(np.unique(mask)) == {0, 255}
    rows, columns = np.nonzero(mask)
    assert info['instances'][0]['bbox'] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert mmengine.fileio.exists(info['img_path']) and not mmengine.fileio.isdir(info['img_path'])
    with mmengine.fileio.get_local_path(info['img_path']) as path:
        assert path.endswith('000017-05.png') and (cv2.imread(path) == image).all()


@pytest.mark.parametrize(
    'name', ['seed0-size64/train/3-99.png', 'seed0-size64/trainval/000003-03.png', 'seed0-size0/val/000003-03.png', 'x']
)
def test_paths_that_name_nothing(name):
    with pytest.raises(FileNotFoundError, match='is not an embedded image'):
        mmengine.fileio.get('synthetic://' + name)
    assert not mmengine.fileio.exists('synthetic://' + name)


def test_samples(pipeline):
    train = SyntheticLocalization(num_images=30, num_classes=5, pipeline=pipeline)
    assert train.metainfo['classes'] == CLASSES[:5]
    assert [train.get_data_info(i)['gt_label'] for i in range(30)] == [i % 5 for i in range(30)]
    for index in range(6):
        assert set(train.get_data_info(index)) == {'img_path', 'img_id', 'gt_label', 'sample_idx'}
        assert len(train[index]['data_samples'].gt_instances) == 0
    test = SyntheticLocalization('test', num_images=3, image_size=32, seed=9, pipeline=pipeline)
    sample = test[2]['data_samples']
    assert sample.metainfo['ori_shape'] == (32, 32)
    assert sample.gt_instances.bboxes[0].tolist() == list(make_scene(9, 'test', 2, 2, 32).box)
    assert len(CLASSES) == len(set(CLASSES)) == 12


def test_the_same_in_every_worker(pipeline):
    def batches(workers):
        loader = dict(
            dataset=SyntheticLocalization(num_images=8, pipeline=pipeline),
            batch_size=4,
            num_workers=workers,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='pseudo_collate'),
        )
        return [x for batch in Runner.build_dataloader(loader, seed=0) for x in batch['inputs']]

    assert all((a == b).all() for a, b in zip(batches(0), batches(2), strict=True))


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(num_images=0), 'num_images must be an int from 1'),
        (dict(image_size=8), 'image_size must be an int from 16'),
        (dict(num_classes=13), 'num_classes must be an int from 2 to 12'),
        (dict(num_classes=1), 'num_classes must be an int from 2 to 12'),
        (dict(seed=-1), 'seed must be an int from 0'),
        (dict(seed=0.5), 'seed must be an int from 0'),
        (dict(split='trainval'), 'split must be one of'),
    ],
)
def test_bad_settings_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        SyntheticLocalization(**kwargs)
    with pytest.raises(ValueError, match='label must be from 0 to 11'):
        make_scene(0, 'val', 0, 12, 64)
