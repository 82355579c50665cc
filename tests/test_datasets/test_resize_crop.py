import numpy as np
import pytest
from mmengine.registry import TRANSFORMS, DefaultScope

from sltnet_mm.datasets import ResizeCrop


def dot_image(height: int, width: int, row: int, column: int) -> dict:
    """A bright 13x13 square around one pixel, big enough to survive any resize here."""
    image = np.zeros((height, width, 3), np.uint8)
    image[row - 6 : row + 7, column - 6 : column + 7] = 255
    return dict(img=image, img_shape=(height, width), ori_shape=(height, width))


def center_of_mass(image: np.ndarray) -> np.ndarray:
    """x, y in continuous coordinates: pixel i is centered at i + 0.5."""
    weights = image[..., 0].astype(np.float64)
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


def check_matrix_against_pixels(results: dict, row: int, column: int) -> None:
    x, y, one = np.linalg.inv(results['homography_matrix'].astype(np.float64)) @ [*center_of_mass(results['img']), 1]
    assert one == pytest.approx(1)
    assert abs(x - (column + 0.5)) < 0.35 and abs(y - (row + 0.5)) < 0.35


@pytest.mark.parametrize('mode', ['random', 'center', None])
def test_matrix_says_where_pixels_went(mode):
    np.random.seed(0)
    crop = None if mode is None else (180, 190)
    transform = ResizeCrop(resize=(200, 210), crop=crop, mode=mode, flip_prob=0.5)
    flips = set()
    for _ in range(30):
        row, column = np.random.randint(60, 190), np.random.randint(60, 270)
        results = transform(dot_image(251, 333, row, column))
        assert results['img'].shape[:2] == results['img_shape'] == (crop or (200, 210))
        assert results['homography_matrix'].dtype == np.float32
        check_matrix_against_pixels(results, row, column)
        flips.add(results['flip'])
        assert results['flip_direction'] == ('horizontal' if results['flip'] else None)
        assert results['scale_factor'] == (210 / 333, 200 / 251)
    assert flips == {True, False}


def test_composes_with_recording_transforms_of_mmdet_before_and_after():
    np.random.seed(1)
    with DefaultScope.overwrite_default_scope('mmdet'):
        resize = TRANSFORMS.build(dict(type='Resize', scale=(300, 260), keep_ratio=False))
        crop = TRANSFORMS.build(dict(type='RandomCrop', crop_size=(200, 190)))
        flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
    chains = [
        [resize, ResizeCrop(240, 220, 'random')],
        [ResizeCrop(240, 220, 'random'), crop],
        [resize, crop, ResizeCrop(230), flip],
        [ResizeCrop(240, 220, 'random', flip_prob=1.0), crop],
    ]
    for chain in chains:
        for _ in range(5):
            results = dot_image(251, 333, 125, 166)
            for transform in chain:
                results = transform(results)
            check_matrix_against_pixels(results, 125, 166)


def test_center_offset_and_corner_crops():
    results = ResizeCrop(resize=11, crop=8, mode='center')(dot_image(40, 40, 20, 20))
    assert results['homography_matrix'][:2, 2].tolist() == [-2, -2]  # 1.5, halves to even
    np.random.seed(2)
    transform, seen = ResizeCrop(resize=10, crop=8, mode='random'), set()
    for _ in range(200):
        seen.add(tuple(transform(dot_image(40, 40, 20, 20))['homography_matrix'][:2, 2]))
    assert seen == {(-x, -y) for x in range(3) for y in range(3)}


def test_same_numpy_seed_same_view():
    transform = ResizeCrop(64, 48, 'random', flip_prob=0.5)
    views = []
    for seed in (3, 3, 4):
        np.random.seed(seed)
        views.append(np.stack([transform(dot_image(80, 90, 40, 40))['img'] for _ in range(8)]))
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()


def test_flip_probability():
    np.random.seed(5)
    for prob, low, high in ((0.0, 0, 0), (1.0, 300, 300), (0.5, 120, 180)):
        transform = ResizeCrop(8, flip_prob=prob)
        count = sum(transform(dot_image(20, 20, 10, 10))['flip'] for _ in range(300))
        assert low <= count <= high


@pytest.mark.parametrize('structure', ['array', 'mmdet'])
def test_boxes_are_moved_and_boxes_outside_are_dropped(structure):
    boxes = np.array([[0, 0, 50, 100], [90, 40, 110, 60], [150, 0, 200, 100]], np.float32)
    results = dot_image(100, 200, 50, 100)
    if structure == 'mmdet':
        from mmdet.structures.bbox import HorizontalBoxes

        results['gt_bboxes'] = HorizontalBoxes(boxes)
    else:
        results['gt_bboxes'] = boxes
    results.update(gt_bboxes_labels=np.array([5, 6, 7]), gt_ignore_flags=np.array([False, True, False]))
    out = ResizeCrop(resize=(100, 200), crop=(100, 90), mode='center', flip_prob=1.0)(results)  # columns 55 to 144
    moved = out['gt_bboxes'] if structure == 'array' else out['gt_bboxes'].tensor.numpy()
    assert moved.tolist() == [[35, 40, 55, 60]]
    assert out['gt_bboxes_labels'].tolist() == [6] and out['gt_ignore_flags'].tolist() == [True]


@pytest.mark.parametrize(
    ('kwargs', 'error', 'words'),
    [
        (dict(resize=0), ValueError, 'at least 1 pixel'),
        (dict(resize='224'), TypeError, 'resize must be an int'),
        (dict(resize=True), TypeError, 'resize must be an int'),
        (dict(resize=(1, 2, 3)), TypeError, 'resize must be an int'),
        (dict(resize=8, crop=9, mode='center'), ValueError, 'crop must be at most resize'),
        (dict(resize=8, crop=(4, 9), mode='center'), ValueError, 'crop must be at most resize'),
        (dict(resize=8, crop=4), ValueError, 'set both crop and mode'),
        (dict(resize=8, mode='random'), ValueError, 'set both crop and mode'),
        (dict(resize=8, crop=4, mode='middle'), ValueError, "'random', 'center' or None"),
        (dict(resize=8, flip_prob=1.5), ValueError, 'probability in'),
    ],
)
def test_bad_settings(kwargs, error, words):
    with pytest.raises(error, match=words):
        ResizeCrop(**kwargs)


def test_refuses_a_second_flip_and_what_it_cannot_move():
    with pytest.raises(ValueError, match='flip_prob must be 0 after'):
        ResizeCrop(8, flip_prob=0.1)({**dot_image(20, 20, 10, 10), 'flip': True})
    with pytest.raises(ValueError, match='gt_masks'):
        ResizeCrop(8)({**dot_image(20, 20, 10, 10), 'gt_masks': []})
    kept = ResizeCrop(8)({**dot_image(20, 20, 10, 10), 'flip': True, 'flip_direction': 'vertical'})
    assert kept['flip'] is True and kept['flip_direction'] == 'vertical'


def test_changes_nothing_in_the_arguments_image():
    results = dot_image(20, 20, 10, 10)
    image, before = results['img'], results['img'].copy()
    ResizeCrop(20, flip_prob=1.0)(results)
    assert (image == before).all()
