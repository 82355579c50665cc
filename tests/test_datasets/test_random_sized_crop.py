import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes

from sltnet_mm.datasets import RandomSizedCrop


def image_of_coordinates(height=60, width=80):
    """A pixel holds its own column and row."""
    image = np.zeros((height, width, 3), np.float32)
    image[..., 0], image[..., 1] = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return image


def run(transform, boxes=((20.0, 10, 50, 40),)):
    return transform(dict(img=image_of_coordinates(), gt_bboxes=np.array(boxes, np.float32).reshape(-1, 4)))


def test_the_matrix_leads_to_where_the_pixels_are():
    np.random.seed(0)
    flips = set()
    for _ in range(20):
        out = run(RandomSizedCrop(48, scale=(0.2, 1)))
        back = np.linalg.inv(out['homography_matrix'].astype(np.float64))
        for x, y in ((10.5, 20.5), (24.5, 24.5), (40.5, 12.5)):
            expected = (back @ [x, y, 1])[:2]
            found = out['img'][int(y), int(x), :2]
            assert np.abs(found - expected).max() < 0.6  # interpolation at the edge
        flips.add(out['flip'])
    assert flips == {True, False}


def test_the_box_moves_with_the_image_and_is_clipped():
    np.random.seed(1)
    for _ in range(20):
        out = run(RandomSizedCrop((30, 40)))
        assert len(out['gt_bboxes']) == 1
        m = out['homography_matrix'].astype(np.float64)
        corners = np.array([(m @ [x, y, 1])[:2] for x, y in ((20, 10), (50, 40))])
        low, high = np.clip(corners.min(0), 0, (40, 30)), np.clip(corners.max(0), 0, (40, 30))
        np.testing.assert_allclose(out['gt_bboxes'][0], [*low, *high], atol=1e-3)


def test_crops_have_the_asked_area_and_shape():
    np.random.seed(2)
    areas, shapes = [], []
    for _ in range(300):
        out = run(RandomSizedCrop(32, scale=(0.3, 0.6), ratio=(0.5, 2), flip_prob=0), boxes=())
        w, h = (32 / out['homography_matrix'][i, i] for i in (0, 1))
        areas.append(w * h / 4800)
        shapes.append(w / h)
    assert 0.28 < min(areas) and max(areas) < 0.62 and np.std(areas) > 0.05
    assert 0.45 < min(shapes) and max(shapes) < 2.2 and min(shapes) < 0.7 and max(shapes) > 1.4


def test_a_tiny_box_is_shown_or_the_whole_image():
    np.random.seed(3)
    outs = [run(RandomSizedCrop(32, scale=(0.05, 0.1), tries=5, flip_prob=0), boxes=((0, 0, 1, 1),)) for _ in range(40)]
    assert all(len(out['gt_bboxes']) == 1 for out in outs)
    assert any(np.allclose(np.diag(out['homography_matrix']), [0.4, 32 / 60, 1]) for out in outs)


def test_structures_of_mmdet():
    np.random.seed(0)
    results = dict(img=image_of_coordinates(), gt_bboxes=HorizontalBoxes([[20.0, 10, 50, 40]]))
    assert len(RandomSizedCrop(32)(results)['gt_bboxes']) == 1


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(scale=(0, 1)), 'scale must be a range'),
        (dict(ratio=(2, 1)), 'ratio must be a range'),
        (dict(flip_prob=2), 'flip_prob must be in'),
        (dict(tries=0), 'tries at least 1'),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RandomSizedCrop(32, **settings)
    with pytest.raises(ValueError, match='flipped before'):
        RandomSizedCrop(32)(dict(img=image_of_coordinates(), flip=True))
