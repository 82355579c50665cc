"""Thresholds by percentile, IVR and Otsu, the union box and inclusive ends in protocols, against NumPy and OpenCV."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from sltnet_mm.evaluation import PROTOCOLS, evaluate_score_maps
from sltnet_mm.evaluation.threshold_boxes import foreground_masks, mask_boxes
from sltnet_mm.evaluation.threshold_ious import can_be_compiled, threshold_ious

MAPS = list(np.random.default_rng(0).random((5, 20, 30)))


def the_mask(score_map, protocol):
    ((mask, index),) = foreground_masks(score_map, np.array([protocol.threshold]), protocol)
    assert index.tolist() == [0]
    return mask.astype(bool)


@pytest.mark.parametrize('score_map', MAPS)
def test_pas_in_gray_levels(score_map):
    gray = (255 * score_map).astype(np.uint8)
    expected = gray > int(0.35 * np.percentile(gray, 90))
    assert np.array_equal(the_mask(score_map, PROTOCOLS['bae2020']), expected)


@pytest.mark.parametrize('score_map', MAPS)
def test_ivr_and_otsu(score_map):
    ivr = replace(PROTOCOLS['sltnet'], name='ivr', threshold=0.3, threshold_of='ivr', q=40)
    low = np.percentile(score_map, 40)
    assert np.array_equal(the_mask(score_map, ivr), score_map > low + 0.3 * (score_map.max() - low))
    otsu = replace(PROTOCOLS['cam2016'], name='otsu', threshold=0.0, threshold_of='otsu')
    gray = (255 * score_map).astype(np.uint8)
    scaled = (gray / gray.max() * 255).astype(np.uint8)
    _, expected = cv2.threshold(scaled, 0, 1, cv2.THRESH_OTSU)
    assert np.array_equal(the_mask(score_map, otsu), expected.astype(bool))


def test_a_grid_under_a_percentile_equals_one_threshold_at_a_time():
    protocol = replace(PROTOCOLS['wsolevaluation'], name='pas', threshold_of='percentile', q=80)
    assert not can_be_compiled(protocol)
    gt_boxes, thresholds = np.array([[3.0, 4, 20, 15]]), np.linspace(0, 0.98, 9)
    together = threshold_ious(MAPS[0], gt_boxes, thresholds, protocol)
    single = [threshold_ious(MAPS[0], gt_boxes, np.array([t]), protocol)[0] for t in thresholds]
    assert together.tolist() == single
    result = evaluate_score_maps(MAPS, [gt_boxes] * 5, protocol)
    assert len(result['thresholds']) == 1000


def test_union_and_inclusive_ends():
    mask = np.zeros((8, 9), np.uint8)
    mask[1:3, 2:4] = mask[6, 7] = 1
    assert mask_boxes(mask, PROTOCOLS['meil2020']).tolist() == [[2, 1, 8, 7]]
    assert mask_boxes(mask, PROTOCOLS['danet2019']).tolist() == [[2, 1, 7, 6]]
    assert mask_boxes(mask, replace(PROTOCOLS['sltnet'], name='i', box_end='inclusive')).tolist() == [[2, 1, 3, 2]]


def test_meil_at_its_threshold_and_danet_at_equality():
    score_map = np.array([[0.0, 0.5, 1.0]])
    ((mask, _),) = foreground_masks(score_map, np.array([0.5]), PROTOCOLS['danet2019'])
    assert mask.tolist() == [[0, 1, 1]]  # >=
    assert the_mask(score_map, PROTOCOLS['meil2020']).tolist() == [[False, True, True]]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(threshold_of='otsu'), 'threshold must be 0'),
        (dict(threshold_of='median'), 'threshold_of'),
        (dict(q=50.0), 'q is for'),
        (dict(threshold_of='otsu', threshold=None, policy='grid'), 'threshold must be 0'),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(PROTOCOLS['sltnet'], name='mine', **changes)
