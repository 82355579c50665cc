"""evaluate_score_maps and evaluate_masks: totals against plain loops, and what is refused."""

import cv2
import numpy as np
import pytest

from sltnet_mm.evaluation import PROTOCOLS, evaluate_masks, evaluate_score_maps, load_score_maps
from sltnet_mm.evaluation.pixel_precision import precision_numbers, score_histograms

GRID = np.arange(0, 1, 0.001)


def make_maps(number, side=32, seed=0):
    rng = np.random.default_rng(seed)
    maps, boxes = [], []
    for _ in range(number):
        score_map = cv2.resize(rng.random((5, 5)) ** 2, (side, side), interpolation=cv2.INTER_CUBIC)
        maps.append((score_map - score_map.min()) / np.ptp(score_map))
        corner = rng.integers(0, side - 12, (rng.integers(1, 4), 2))
        boxes.append(np.concatenate([corner, corner + rng.integers(4, 12, corner.shape)], 1))
    return maps, boxes


def plain_accumulation(maps, gt_boxes, every):
    """wsolevaluation's counting, from its definition: one contour, or every contour with ``every``."""
    correct = {30: np.zeros(1000, int), 50: np.zeros(1000, int), 70: np.zeros(1000, int)}
    for score_map, boxes in zip(maps, gt_boxes, strict=True):
        gray = (score_map * 255).astype(np.uint8)
        height, width = gray.shape
        for index, threshold in enumerate(GRID):
            _, mask = cv2.threshold(gray, int(threshold * np.max(gray)), 255, cv2.THRESH_BINARY)
            contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
            best = 0
            for contour in contours if every else [max(contours, key=cv2.contourArea)]:
                x, y, w, h = cv2.boundingRect(contour)
                x1, y1 = min(x + w, width - 1), min(y + h, height - 1)
                for g0, h0, g1, h1 in boxes.tolist():
                    iw, ih = min(x1, g1) - max(x, g0) + 1, min(y1, h1) - max(y, h0) + 1
                    if iw > 0 and ih > 0:
                        union = (x1 - x + 1) * (y1 - y + 1) + (g1 - g0 + 1) * (h1 - h0 + 1) - iw * ih
                        best = max(best, iw * ih / union)
            for level in correct:
                correct[level][index] += best >= level / 100
    return correct


@pytest.mark.parametrize('protocol', ['wsolevaluation', 'wsolevaluation-v2'])
def test_counts_and_numbers_are_those_of_the_plain_loop(protocol):
    maps, boxes = make_maps(12)
    expected = plain_accumulation(maps, boxes, every=protocol.endswith('v2'))
    for backend in ('numba', 'opencv'):
        result = evaluate_score_maps(iter(maps), boxes, protocol, backend=backend)
        assert result['protocol'] == protocol and result['num_images'] == 12
        np.testing.assert_array_equal(result['thresholds'], GRID)
        for level, counts in expected.items():
            np.testing.assert_array_equal(result['correct'][level], counts)
            assert result['max_box_acc'][level] == 100 * counts.max() / 12
        assert result['max_box_acc_v2'] == np.mean([100 * counts.max() / 12 for counts in expected.values()])
        assert result['best_threshold'] == GRID[expected[50].argmax()]


def test_default_protocol_one_threshold_and_workers():
    maps, boxes = make_maps(40, seed=1)
    whole = evaluate_score_maps(maps, boxes)
    one = evaluate_score_maps(maps, boxes, thresholds=[0.4])
    assert one['correct'][50].tolist() == [whole['correct'][50][400]]
    threaded = evaluate_score_maps((score_map for score_map in maps), boxes, workers=3)
    for level in (30, 50, 70):
        np.testing.assert_array_equal(threaded['correct'][level], whole['correct'][level])


def test_gt_boxes_in_image_pixels_are_truncated():
    maps, _ = make_maps(1)
    in_image = [np.array([[10, 20, 301, 150]])]
    in_map = [np.array([[int(10 * 32 / 500), int(20 * 32 / 335), int(301 * 32 / 500), int(150 * 32 / 335)]])]
    ours = evaluate_score_maps(maps, in_image, image_sizes=[(500, 335)], thresholds=GRID[::50])
    np.testing.assert_array_equal(
        ours['correct'][30], evaluate_score_maps(maps, in_map, thresholds=GRID[::50])['correct'][30]
    )
    assert ours['mean_iou'] > 0


def test_image_frame_protocol_compares_in_image_pixels():
    score_map = np.zeros((8, 8))
    score_map[2:6, 1:5] = 1
    gt_boxes = [np.array([[10.0, 4, 50, 12]])]  # exactly the blob in an image of 80 x 16
    result = evaluate_score_maps([score_map], gt_boxes, 'sltnet', image_sizes=[(80, 16)])
    assert result['mean_iou'] == 100 and result['thresholds'].tolist() == [0.2]
    exactly_half = [np.array([[10.0, 4, 50, 20]])]
    half = evaluate_score_maps([score_map], exactly_half, 'sltnet', image_sizes=[(80, 16)])
    assert half['mean_iou'] == 50 and half['correct'][50][0] == 0  # not above 0.5


def test_on_image_is_called_in_order():
    maps, boxes = make_maps(5)
    seen = []
    evaluate_score_maps(maps, boxes, thresholds=[0.2, 0.5], names=list('abcde'), workers=2,
                        on_image=lambda name, ious: seen.append((name, len(ious))))  # fmt: skip
    assert seen == [(name, 2) for name in 'abcde']


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(score_maps=[np.full((4, 4), np.nan)]), "image 'a'.*finite"),
        (dict(score_maps=[np.full((4, 4), np.inf)]), "image 'a'.*finite"),
        (dict(score_maps=[np.full((4, 4), 1.5)]), "image 'a'.*0, 1"),
        (dict(score_maps=[np.full((4, 4), -0.1)]), "image 'a'.*0, 1"),
        (dict(score_maps=[np.zeros((1, 4, 4))]), "image 'a'.*H x W"),
        (dict(score_maps=[np.zeros((0, 4))]), "image 'a'.*H x W"),
        (dict(score_maps=[]), 'one entry per image'),
        (dict(score_maps=[np.zeros((4, 4))] * 2), 'one entry per image'),
        (dict(gt_boxes=[np.array([[3, 0, 1, 2]])]), "image 'a'.*x0 <= x1"),
        (dict(gt_boxes=[np.zeros((0, 4))]), "image 'a' has no ground-truth box"),
        (dict(gt_boxes=[np.array([[np.nan, 0, 1, 2]])]), "image 'a'.*finite"),
        (dict(gt_boxes=[np.array([[50, 50, 60, 60]])], image_sizes=[(40, 40)]), "image 'a'.*must overlap"),
        (dict(gt_boxes=[]), 'at least one image'),
        (dict(names=['a', 'b']), 'names must have one entry'),
        (dict(image_sizes=[]), 'image_sizes must have one entry'),
        (dict(thresholds=[1.0]), 'thresholds'),
        (dict(thresholds=[]), 'thresholds'),
        (dict(protocol='psol'), 'boxes only'),
        (dict(backend='cuda'), 'backend'),
        (dict(protocol='sltnet', backend='numba'), 'backend'),
        (dict(workers=0), 'workers'),
    ],
)
def test_refuses(change, message):
    good = dict(score_maps=[np.eye(4)], gt_boxes=[np.array([[0, 0, 3, 3]])], names=['a'])
    with pytest.raises(ValueError, match=message):
        evaluate_score_maps(**{**good, **change})


def test_a_box_of_no_size_is_no_error():
    assert evaluate_score_maps([np.eye(4)], [np.array([[1, 1, 1, 1]])], 'sltnet')['mean_iou'] == 0


def test_folder_of_maps(tmp_path):
    np.save(tmp_path / 'x.jpg.npy', np.eye(4))
    np.save(tmp_path / 'y.npy', np.zeros((4, 4)))
    assert [score_map.sum() for score_map in load_score_maps(tmp_path, ['x.jpg', 'y.jpg'])] == [4, 0]
    with pytest.raises(FileNotFoundError, match="'z.jpg' has no map"):
        list(load_score_maps(tmp_path, ['z.jpg']))
    (tmp_path / 'bad.npy').write_bytes(b'nothing')
    with pytest.raises(ValueError, match="'bad'"):
        list(load_score_maps(tmp_path, ['bad']))


def test_every_preset_on_maps_runs_and_differs():
    maps, boxes = make_maps(30, seed=2)
    v2, v1 = (evaluate_score_maps(maps, boxes, name) for name in ('wsolevaluation-v2', 'wsolevaluation'))
    for level in (30, 50, 70):
        assert (v2['correct'][level] >= v1['correct'][level]).all()
    at_fixed = [evaluate_score_maps(maps, boxes, name)['mean_iou'] for name in ('tscam', 'sltnet', 'cam2016')]
    assert len(set(at_fixed)) == 3
    fixed = PROTOCOLS['wsolevaluation'].with_threshold(0.4, policy='validation')
    assert evaluate_score_maps(maps, boxes, fixed)['correct'][50].tolist() == [v1['correct'][50][400]]


def test_masks_stream_into_one_histogram():
    rng = np.random.default_rng(3)
    maps, masks = rng.random((4, 9, 9)), rng.choice([0, 1, 255], (4, 9, 9))
    result = evaluate_masks(iter(maps), iter(masks))
    whole = precision_numbers(score_histograms(maps.reshape(1, -1), masks.reshape(1, -1)))
    assert {key: result[key] for key in whole} == whole
    assert result['num_images'] == 4 and result['num_pixels'] == (masks != 255).sum()


@pytest.mark.parametrize(
    'maps, masks, message',
    [
        ([np.zeros((2, 2))], [], 'one entry'),
        ([], [np.zeros((2, 2), int)], 'one entry'),
        ([], [], 'at least one'),
        ([np.full((2, 2), np.nan)], [np.ones((2, 2), int)], "image '0'.*finite"),
        ([np.zeros((2, 2))], [np.ones((3, 2), int)], "image '0'.*shape"),
    ],
)
def test_masks_refused(maps, masks, message):
    with pytest.raises(ValueError, match=message):
        evaluate_masks(maps, masks)
