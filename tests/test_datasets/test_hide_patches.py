import numpy as np
import pytest
from mmengine.registry import TRANSFORMS

from sltnet_mm.datasets.transforms import HidePatches


def test_cells_are_hidden_or_left_whole():
    np.random.seed(0)
    image = np.random.randint(1, 255, (10, 13, 3), dtype=np.uint8)
    hidden = HidePatches(4, 0.5, fill=(1, 2, 3))(dict(img=image.copy()))['img']
    assert hidden.dtype == np.uint8 and hidden.shape == image.shape
    kinds = set()
    for top in range(0, 10, 4):
        for left in range(0, 13, 4):
            new, old = (array[top : top + 4, left : left + 4] for array in (hidden, image))
            kinds.add(bool((new == (1, 2, 3)).all()))
            assert (new == (1, 2, 3)).all() or (new == old).all()
    assert kinds == {True, False}


def test_the_default_color_becomes_zero_behind_the_preprocessor():
    image = HidePatches(8, 1.0)(dict(img=np.zeros((8, 8, 3), np.float32)))['img']
    normalized = (image[..., ::-1] - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
    assert np.abs(normalized).max() < 1e-6
    rounded = HidePatches(8, 1.0)(dict(img=np.zeros((8, 8, 3), np.uint8)))['img']
    assert rounded[0, 0].tolist() == [104, 116, 124]


def test_numpys_seed_decides_and_images_differ():
    transform, image = TRANSFORMS.build(dict(type='sltnet_mm.HidePatches', grid_size=(0, 4, 8))), np.ones((32, 32, 3))

    def draws():
        np.random.seed(5)
        return [transform(dict(img=image))['img'] for _ in range(12)]

    first, second = draws(), draws()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert len({a.tobytes() for a in first}) > 5
    assert any(np.array_equal(a, image) for a in first)  # size 0


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(grid_size=-4), 'grid_size must be pixels'),
        (dict(grid_size=()), 'grid_size must be pixels'),
        (dict(hide_prob=1.1), 'hide_prob must be in'),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HidePatches(**settings)
