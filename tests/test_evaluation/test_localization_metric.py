"""LocalizationMetric: numbers by hand, geometry, what is refused."""

import numpy as np
import pytest
import torch
from mmengine.registry import METRICS as ROOT
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

from sltnet_mm.evaluation import LocalizationMetric


def make_sample(
    name='a',
    box=None,
    score_map=None,
    gt=((0, 0, 4, 4),),
    label=1,
    scores=(0.1, 0.6, 0.3),
    ori=(8, 8),
    matrix=None,
    **extra,
):
    """A prediction as the model gives it (ori and maps are height, width)."""
    sample = DataSample(
        metainfo=dict(
            img_id=name,
            ori_shape=ori,
            img_shape=ori if score_map is None else tuple(np.shape(score_map)),
            homography_matrix=np.eye(3, dtype=np.float32) if matrix is None else np.float32(matrix),
        )
    )
    sample.set_gt_label(label)
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor(gt, dtype=torch.float32).reshape(-1, 4), labels=torch.full((len(gt),), label)
    )
    if scores is not None:
        sample.set_pred_score(torch.tensor(scores))
    if box is not None:
        sample.pred_instances = InstanceData(bboxes=torch.tensor([box] * 2, dtype=torch.float32))
    if score_map is not None:
        sample.set_field(torch.as_tensor(score_map, dtype=torch.float32), 'pred_score_map')
    for key, value in extra.items():
        sample.set_field(value, key)
    return sample.to_dict()


def evaluate(samples, **kwargs):
    metric = LocalizationMetric(**kwargs)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def blob(y0, y1, x0, x1, shape=(8, 8)):
    score_map = np.zeros(shape, np.float32)
    score_map[y0:y1, x0:x1] = 1
    return score_map


def test_builds_from_any_scope():
    assert isinstance(ROOT.build(dict(type='sltnet_mm.LocalizationMetric')), LocalizationMetric)


def test_numbers_by_hand():
    numbers = evaluate(
        [
            make_sample('a', box=(0, 0, 4, 3)),  # class right, IoU .75
            make_sample('b', box=(0, 0, 4, 3), scores=(0.6, 0.3, 0.1)),  # class second, IoU .75
            make_sample('c', box=(0, 0, 4, 2)),  # class right, IoU exactly .5: wrong
            make_sample('d', box=(4, 4, 8, 8), scores=(0.6, 0.1, 0.3)),  # class third, IoU 0
        ]
    )
    assert numbers == pytest.approx(
        {
            'cls/top1': 50,
            'cls/top5': 100,
            'box/sltnet/gt_known': 50,
            'box/sltnet/top1_loc': 25,
            'box/sltnet/top5_loc': 50,
            'box/sltnet/mean_iou': 50,
            'box/sltnet/error_wrong_class': 50,
            'box/sltnet/error_part': 25,
            'box/sltnet/error_larger': 0,
            'box/sltnet/error_multi_instance': 0,
            'box/sltnet/error_other': 0,
        }
    )


def test_map_threshold_component_and_strictness():
    score_map = blob(0, 4, 0, 4) * 0.2  # not above 0.2 of the maximum
    score_map[6, 6] = 1
    numbers = evaluate([make_sample(score_map=score_map, gt=[(6, 6, 7, 7)])])
    assert numbers['map/sltnet/mean_iou'] == 100
    score_map[:4, :4] = 0.21  # now the larger component
    assert evaluate([make_sample(score_map=score_map, gt=[(0, 0, 4, 4)])])['map/sltnet/mean_iou'] == 100


def test_map_box_returns_to_the_original_through_crop_scale_and_flip():
    # original 40 x 20 (w x h) -> scaled by (.5, 1) -> crop 8 x 8 from (3, 4) -> flipped
    scale, crop, flip = (
        np.diag([0.5, 1, 1]),
        np.array([[1, 0, -3], [0, 1, -4], [0, 0, 1]]),
        np.array([[-1, 0, 8], [0, 1, 0], [0, 0, 1]]),
    )
    sample = make_sample(score_map=blob(2, 5, 1, 4), gt=[(14, 6, 20, 9)], ori=(20, 40), matrix=flip @ crop @ scale)
    # columns 1..4 flip to 4..7, + 3 = 7..10, / .5 = 14..20; rows 2..5 + 4 = 6..9
    assert evaluate([sample])['map/sltnet/mean_iou'] == pytest.approx(100)


def test_box_is_clipped_to_the_image():
    sample = make_sample(
        score_map=blob(0, 8, 0, 8),
        gt=[(0, 0, 10, 10)],
        ori=(10, 10),
        matrix=np.array([[1, 0, 2], [0, 1, 2], [0, 0, 1]]),
    )
    assert evaluate([sample])['map/sltnet/mean_iou'] == pytest.approx(36)  # -2..6 becomes 0..6


def test_any_gt_box_counts():
    gt = [(0, 0, 2, 2), (4, 4, 8, 8)]
    assert evaluate([make_sample(box=(4, 4, 8, 8), gt=gt)])['box/sltnet/mean_iou'] == 100


def test_both_sources_side_by_side_and_no_class_scores():
    numbers = evaluate([make_sample(box=(0, 0, 4, 4), score_map=blob(4, 8, 4, 8), scores=None)])
    assert numbers['box/sltnet/gt_known'] == 100 and numbers['map/sltnet/gt_known'] == 0
    assert not any('cls' in name or 'top' in name for name in numbers)


def test_center_baseline():
    numbers = evaluate([make_sample(gt=[(1, 1, 7, 7)], ori=(8, 8))], sources=(), baselines=('center',))
    assert numbers['center/sltnet/mean_iou'] == pytest.approx(100 * 32 / 36, abs=1e-4)


@pytest.mark.parametrize(
    'change, error, message',
    [
        (dict(gt=()), ValueError, "'a' has no ground-truth box"),
        (dict(gt=[(5, 5, 4, 6)]), ValueError, "'a'.*x0 <= x1"),
        (dict(gt=[(9, 9, 12, 12)]), ValueError, "'a'.*must overlap the image"),
        (dict(gt=[(0, 0, np.nan, 4)]), ValueError, "'a'.*finite"),
        (dict(label=3), ValueError, "'a': label"),
        (dict(scores=(0.1, np.nan, 0.2)), ValueError, "'a'.*NaN"),
        (dict(box=(0, 0, np.nan, 1)), ValueError, "'a'.*finite box"),
        (dict(box=None), KeyError, 'a.*nothing to localize with'),
        (dict(box=None, score_map=np.full((8, 8), np.nan)), ValueError, "'a'.*finite"),
        (dict(box=None, score_map=np.full((8, 8), 2.0)), ValueError, "'a'.*0, 1"),
    ],
)
def test_refuses(change, error, message):
    with pytest.raises(error, match=message):
        evaluate([make_sample(**{'box': (0, 0, 4, 4), **change})])


def test_refuses_duplicates_empty_and_mixed():
    good = make_sample(box=(0, 0, 4, 4))
    with pytest.raises(ValueError, match="'a' was evaluated twice"):
        evaluate([good, good])
    with pytest.raises(ValueError, match='nothing to evaluate'):
        evaluate([])
    with pytest.raises(ValueError, match="'b' has no pred_score"):
        evaluate([good, make_sample('b', box=(0, 0, 4, 4), scores=None)])
    with pytest.raises(KeyError, match='b.*pred_instances'):
        evaluate([good, make_sample('b', score_map=blob(0, 4, 0, 4))])
    with pytest.raises(KeyError, match='one of'):
        LocalizationMetric(protocols=('voc',))
    with pytest.raises(ValueError, match='sources must be among'):
        LocalizationMetric(sources='maps')


def test_a_flipped_map_is_taken_back_and_a_box_is_of_the_original():
    flipped = dict(matrix=[[-1, 0, 8], [0, 1, 0], [0, 0, 1]], gt=((0, 0, 4, 4),))
    numbers = evaluate([dict(make_sample(box=(0, 0, 4, 4), **flipped), flip=True)], sources='box')
    assert numbers['box/sltnet/gt_known'] == 100
    numbers = evaluate([dict(make_sample(score_map=blob(0, 4, 4, 8), **flipped), flip=True)], sources='map')
    assert numbers['map/sltnet/mean_iou'] == pytest.approx(100)
