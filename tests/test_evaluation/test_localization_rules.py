"""Micro-cases of the reference evaluators, protocols, frames and pixel precision, by hand."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from sltnet_mm.evaluation.accuracy import ERROR_KINDS, error_kinds, label_rank, pairwise_iou, percent
from sltnet_mm.evaluation.image_frame import resize_scale, truncate_boxes
from sltnet_mm.evaluation.pixel_precision import BIN_EDGES, precision_numbers, score_histograms
from sltnet_mm.evaluation.prediction_maps import protocol_score_map
from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol, get_protocol
from sltnet_mm.evaluation.threshold_boxes import foreground_masks, mask_boxes
from sltnet_mm.evaluation.threshold_ious import threshold_ious
from sltnet_mm.functional.boxes import score_map_to_box

V1, V2 = PROTOCOLS['wsolevaluation'], PROTOCOLS['wsolevaluation-v2']


def boxes_at(score_map, threshold, protocol):
    ((mask, _),) = foreground_masks(np.asarray(score_map, float), np.array([threshold]), protocol)
    return mask_boxes(mask, protocol).tolist()


def zeros(size=10, **blobs):
    array = np.zeros((size, size))
    for y0, y1, x0, x1, value in blobs.values():
        array[y0:y1, x0:x1] = value
    return array


def test_two_blobs_and_the_floored_strict_threshold():
    score_map = zeros(a=(2, 5, 3, 7, 1.0), b=(7, 9, 1, 3, 0.5))
    assert sorted(boxes_at(score_map, 0.2, V2)) == [[1, 7, 3, 9], [3, 2, 7, 5]]
    assert boxes_at(score_map, 0.2, V1) == [[3, 2, 7, 5]]
    assert boxes_at(score_map, 127 / 255, V2) == [[3, 2, 7, 5]]  # 0.5 is gray level 127, not above 127
    assert len(boxes_at(score_map, 126 / 255, V2)) == 2


def test_ends_are_clipped_to_the_last_pixel_by_wsolevaluation_only():
    assert boxes_at(zeros(a=(2, 4, 2, 4, 1)), 0.2, V1) == [[2, 2, 4, 4]]
    corner = zeros(a=(5, 10, 5, 10, 1))
    assert boxes_at(corner, 0.2, V1) == [[5, 5, 9, 9]]
    assert boxes_at(corner, 0.2, PROTOCOLS['tscam']) == boxes_at(corner, 0.2, PROTOCOLS['sltnet']) == [[5, 5, 10, 10]]


def test_area_is_that_between_pixel_centers():
    line = zeros(24, line=(20, 21, 1, 21, 1), block=(2, 4, 2, 4, 1))
    assert boxes_at(line, 0.2, V1) == [[2, 2, 4, 4]]
    assert boxes_at(line, 0.2, PROTOCOLS['sltnet']) == [[1, 20, 21, 21]]  # by pixels, the line is larger
    dots = zeros(20, first=(3, 4, 3, 4, 1), last=(10, 11, 10, 11, 1))
    assert boxes_at(dots, 0.2, V1) == [[10, 10, 11, 11]]  # no area at all: OpenCV lists the last one first
    assert boxes_at(dots, 0.2, PROTOCOLS['sltnet']) == [[3, 3, 4, 4]]


def test_holes_are_contours_of_their_own_grown_by_a_pixel():
    ring = zeros(20, outer=(2, 18, 2, 18, 1), hole=(6, 14, 6, 14, 0))
    assert sorted(boxes_at(ring, 0.2, V2)) == [[2, 2, 18, 18], [5, 5, 15, 15]]
    assert threshold_ious(ring, np.array([[5, 5, 15, 15]]), np.array([0.2]), V2, 'numba').tolist() == [1.0]
    diagonal = zeros(6, a=(1, 2, 1, 2, 1), b=(2, 3, 2, 3, 1))
    assert boxes_at(diagonal, 0.2, V2) == [[1, 1, 3, 3]]
    two_holes = 1 - diagonal
    assert len(boxes_at(two_holes, 0.2, V2)) == 3


@pytest.mark.parametrize('value, box', [(0.0, [0, 0, 0, 0]), (1.0, [0, 0, 4, 4]), (0.3, [0, 0, 4, 4])])
def test_constant_maps_as_the_reference(value, box):
    constant = np.full((5, 5), value)
    assert boxes_at(constant, 0.5, V1) == [box]
    for backend in ('numba', 'opencv'):
        assert threshold_ious(constant, np.array([box]), np.array([0.0, 0.5, 0.999]), V1, backend).tolist() == [1] * 3


def test_empty_boxes_of_the_protocols():
    nothing = np.zeros((4, 6))
    assert boxes_at(nothing, 0.2, PROTOCOLS['tscam']) == [[0, 0, 1, 1]]
    assert boxes_at(nothing, 0.2, PROTOCOLS['sltnet']) == [[0, 0, 6, 4]]


def test_sltnet_box_is_the_pseudo_box():
    rng = np.random.default_rng(0)
    for _ in range(200):
        score_map = rng.random(rng.integers(1, 20, 2), dtype=np.float32)
        expected = score_map_to_box(torch.from_numpy(score_map), 0.6).tolist()
        ((mask, _),) = foreground_masks(score_map, np.array([0.6]), PROTOCOLS['sltnet'])
        assert mask_boxes(mask, PROTOCOLS['sltnet'])[0].tolist() == expected


def test_not_below_and_unquantized_cuts():
    score_map = np.array([[0.2, 0.5, 1.0]])
    at_least = Protocol('at-least', comparison='>=')
    assert boxes_at(score_map, 0.5, at_least) == [[1, 0, 3, 1]]
    assert boxes_at(score_map, 0.5, PROTOCOLS['sltnet']) == [[2, 0, 3, 1]]


def test_iou_conventions():
    a, far = np.array([[0, 0, 9, 9]]), np.array([[95, 95, 99, 99]])
    assert pairwise_iou(a, a)[0, 0] == pairwise_iou(a, a, plus_one=True)[0, 0] == 1
    assert pairwise_iou(a, far)[0, 0] == pairwise_iou(a, far, plus_one=True)[0, 0] == 0
    beside = np.array([[9, 0, 18, 9]])
    assert pairwise_iou(a, beside)[0, 0] == 0
    assert pairwise_iou(a, beside, plus_one=True)[0, 0] == 10 / 190
    point = np.array([[3, 3, 3, 3]])
    assert pairwise_iou(point, point)[0, 0] == 0 and pairwise_iou(point, point, plus_one=True)[0, 0] == 1


def test_gt_boxes_are_truncated_in_the_reference_order():
    assert truncate_boxes(np.array([[60, 27, 385, 331]]), (500, 335), (224, 224)).tolist() == [[26, 18, 172, 221]]
    # wherever x * 224 / w is whole, x * (224 / w) may fall just below it
    for width in range(20, 700, 3):
        for x in range(width + 1):
            if x * 224 % width == 0:
                box = np.array([[x, 0, width, 1]])
                assert truncate_boxes(box, (width, 224), (224, 224)).tolist() == [[x * 224 // width, 0, 224, 1]]


def test_float32_homography_of_a_resize_is_recognized():
    matrix = np.diag([np.float32(224 / 500), np.float32(224 / 335), 1])
    np.testing.assert_array_equal(resize_scale(matrix, (500, 335), (224, 224)), [224 / 500, 224 / 335])
    shifted = matrix.copy()
    shifted[0, 2] = -1
    assert resize_scale(shifted, (500, 335), (224, 224)) is None
    assert resize_scale(np.diag([-1.0, 1, 1]) @ matrix, (500, 335), (224, 224)) is None


def test_ranks_and_ties():
    assert label_rank(np.array([0.5, 0.5, 0.5]), 0) == 0 and label_rank(np.array([0.5, 0.5, 0.5]), 2) == 2
    with pytest.raises(ValueError, match='got 3'):
        label_rank(np.zeros(3), 3)


@pytest.mark.parametrize(
    'box, gt_boxes, kind',
    [
        ([0, 0, 10, 10], [[0, 0, 5, 5], [5, 5, 10, 10]], 'multi_instance'),
        ([2, 2, 4, 4], [[0, 0, 9, 9]], 'part'),
        ([0, 0, 20, 20], [[5, 5, 9, 9]], 'larger'),
        ([0, 0, 4, 4], [[3, 3, 9, 9]], 'other'),
        ([0, 0, 0, 0], [[0, 0, 9, 9]], 'other'),
    ],
)
def test_error_kinds(box, gt_boxes, kind):
    wrong = np.array([False])
    assert ERROR_KINDS[error_kinds(np.array([box]), np.array(gt_boxes), wrong)[0]] == kind
    assert ERROR_KINDS[error_kinds(np.array([box]), np.array(gt_boxes), wrong, classified=False)[0]] == 'wrong_class'
    assert ERROR_KINDS[error_kinds(np.array([box]), np.array(gt_boxes), ~wrong)[0]] == 'correct'


def test_percent():
    assert percent([True, False, False, False], np.array([3, 3, 7, 7])) == 25
    assert percent([True, True, True, False], np.array([3, 3, 3, 7])) == 50
    with pytest.raises(ValueError, match='none'):
        percent([])


def test_resize_order_and_interpolation_matter():
    rng = np.random.default_rng(2)
    coarse = rng.random((7, 7))
    maps = {}
    for order in ('resize_first', 'normalize_first'):
        for interpolation in ('linear', 'cubic'):
            protocol = Protocol('x', order=order, interpolation=interpolation)
            maps[order, interpolation] = protocol_score_map(coarse, (64, 48), protocol)
    for key, score_map in maps.items():
        assert score_map.shape == (48, 64) and score_map.min() >= 0 and score_map.max() <= 1
        assert sum(np.array_equal(score_map, other) for other in maps.values()) == 1, key
    assert maps['resize_first', 'linear'].max() == 1 and maps['normalize_first', 'linear'].max() < 1
    assert not protocol_score_map(np.ones((3, 3)), (6, 6), V1).any()
    assert not protocol_score_map(-np.ones((3, 3)), (6, 6), PROTOCOLS['cam2016']).any()
    for wrong in (np.full((2, 2), np.nan), np.array([[np.inf, 0]]), np.zeros(3), np.zeros((0, 3))):
        with pytest.raises(ValueError, match='class_map'):
            protocol_score_map(wrong, (6, 6), V1)


def test_protocols_are_immutable_printable_and_checked():
    assert str(PROTOCOLS['wsolevaluation']) == 'wsolevaluation (threshold best on the evaluated images, grid)'
    with pytest.raises(AttributeError):
        PROTOCOLS['sltnet'].threshold = 0.3
    with pytest.raises(TypeError):
        PROTOCOLS['mine'] = Protocol('mine')
    with pytest.raises(KeyError, match="'sltnet'.*got 'x'"):
        get_protocol('x')
    for change in (
        dict(map='best'),
        dict(threshold=1.0),
        dict(threshold=None),
        dict(policy='grid'),
        dict(iou_levels=()),
        dict(truncate_gt=True),
        dict(threshold=None, policy='grid', iou_levels=(30,)),
    ):
        with pytest.raises(ValueError, match="protocol 'x'"):
            Protocol('x', **change)


def test_histograms_are_numpys_to_the_last_count(monkeypatch):
    rng = np.random.default_rng(3)
    score_map = rng.random((60, 70))
    score_map[:20] = rng.choice(BIN_EDGES[:1001], (20, 70))  # exactly on edges
    score_map[20:30] = np.nextafter(rng.choice(BIN_EDGES[1:1000], (10, 70)), rng.choice([0.0, 1.0], (10, 70)))
    mask = rng.choice([0, 1, 255], score_map.shape)
    expected = np.stack([np.histogram(score_map[mask == value], BIN_EDGES)[0] for value in range(2)])
    np.testing.assert_array_equal(score_histograms(score_map, mask), expected)
    monkeypatch.setattr('sltnet_mm.evaluation.pixel_precision.HAS_NUMBA', False)
    np.testing.assert_array_equal(score_histograms(score_map, mask), expected)
    single = score_map.astype(np.float32)
    expected = np.stack([np.histogram(single.astype(float)[mask == value], BIN_EDGES)[0] for value in range(2)])
    monkeypatch.undo()
    np.testing.assert_array_equal(score_histograms(single, mask), expected)


def test_precision_against_a_loop_over_pixels():
    rng = np.random.default_rng(4)
    scores, truth = rng.random(400), rng.random(400) < 0.3
    scores[truth] = np.minimum(scores[truth] + 0.2, 1)
    histograms = score_histograms(scores[None], truth[None].astype(int))
    area, previous, best = 0.0, None, 0.0
    for edge in BIN_EDGES[:-1][::-1]:
        chosen = scores >= edge
        hits = int((chosen & truth).sum())
        best = max(best, hits / (chosen | truth).sum())
        recall = hits / truth.sum()
        if previous is not None and chosen.any():
            area += hits / chosen.sum() * (recall - previous)
        previous = recall
    numbers = precision_numbers(histograms)
    # the same terms summed in another order: 1002 additions of numbers below 1
    assert numbers['pxap'] == pytest.approx(100 * area, rel=1e-13) and numbers['piou'] == 100 * best


def test_masks_are_checked():
    with pytest.raises(ValueError, match='shape'):
        score_histograms(np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match='must hold 0'):
        score_histograms(np.zeros((2, 2)), np.full((2, 2), 7))
    with pytest.raises(ValueError, match='object pixel'):
        precision_numbers(score_histograms(np.zeros((2, 2)), np.zeros((2, 2))))


SCRIPT = """
import logging, os, sys
logging.basicConfig(stream=sys.stdout)
if {no_numba}: sys.modules['numba'] = None
import numpy as np
from sltnet_mm.evaluation.component_tree.compiled import HAS_NUMBA, compiled
from sltnet_mm.evaluation.pixel_precision import score_histograms
assert HAS_NUMBA != {no_numba}
print(score_histograms(np.array([[0., .5, 1.]]), np.array([[0, 1, 255]])).sum(1).tolist())
if {no_numba}:
    from sltnet_mm.evaluation.protocols import PROTOCOLS
    from sltnet_mm.evaluation.threshold_ious import threshold_ious
    print(threshold_ious(np.eye(4), np.array([[0, 0, 3, 3]]), np.array([.2]), PROTOCOLS['wsolevaluation-v2']).tolist())
"""


def test_without_numba_the_plain_form_takes_over():
    run = subprocess.run([sys.executable, '-c', SCRIPT.format(no_numba=True)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split('\n')[:2] == ['[1, 1]', '[1.0]']


def test_a_cache_that_cannot_be_written_is_said_once(tmp_path):
    (tmp_path / 'file').write_text('')
    environment = dict(os.environ, NUMBA_CACHE_DIR=str(tmp_path / 'file' / 'cache'))
    run = subprocess.run(
        [sys.executable, '-c', SCRIPT.format(no_numba=False)], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count('NUMBA_CACHE_DIR') == 1 and '[1, 1]' in run.stdout
