"""All thresholds at once against a plain loop written from the definitions, on thousands of maps, bit for bit."""

import cv2
import numpy as np
import pytest

from sltnet_mm.evaluation.component_tree.fill_levels import fill_levels
from sltnet_mm.evaluation.component_tree.level_boxes import largest_contour_boxes
from sltnet_mm.evaluation.protocols import PROTOCOLS
from sltnet_mm.evaluation.threshold_ious import threshold_ious

GRID = np.arange(0, 1, 0.001)


def reference_iou(box_a, box_b):
    """With + 1, as wsolevaluation and TS-CAM count, in plain Python numbers."""
    width = min(box_a[2], box_b[2]) - max(box_a[0], box_b[0]) + 1
    height = min(box_a[3], box_b[3]) - max(box_a[1], box_b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    area_a, area_b = ((box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (box_a, box_b))
    return width * height / (area_a + area_b - width * height)


def reference_boxes(score_map, threshold, largest, clip, empty):
    """One threshold: quantize, cut, contours, boxes."""
    gray = (score_map * 255).astype(np.uint8)
    mask = (gray > int(threshold * np.max(gray))).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return [empty]
    if largest:
        contours = [max(contours, key=cv2.contourArea)]
    height, width = mask.shape
    boxes = []
    for x, y, w, h in map(cv2.boundingRect, contours):
        boxes.append((x, y, min(x + w, width - 1), min(y + h, height - 1)) if clip else (x, y, x + w, y + h))
    return boxes


def reference_ious(score_map, gt_boxes, thresholds, protocol):
    largest, clip = protocol.contours == 'largest', protocol.box_end == 'clipped'
    empty = (0, 0, 0, 0) if clip else (0, 0, 1, 1)
    ious = []
    for threshold in thresholds:
        boxes = reference_boxes(score_map, threshold, largest, clip, empty)
        ious.append(max(reference_iou(box, gt) for box in boxes for gt in gt_boxes.tolist()))
    return np.array(ious)


def random_boxes(rng, height, width):
    x, y = (np.sort(rng.integers(0, side, (rng.integers(1, 4), 2)), axis=1)[:3] for side in (width, height))
    number = min(len(x), len(y))
    return np.stack([x[:number, 0], y[:number, 0], x[:number, 1], y[:number, 1]], 1)


def tiny_map(rng):
    """Few pixels, few levels: plateaus, rings, holes, diagonals and ties everywhere."""
    height, width = rng.integers(1, 13, 2)
    score_map = rng.integers(0, rng.integers(2, 9), (height, width)).astype(float)
    if rng.random() < 0.3:
        score_map = cv2.GaussianBlur(score_map, (3, 3), 0)
    highest = score_map.max()
    return score_map / highest if highest else score_map


def smooth_map(rng, side):
    """A coarse map of blobs and noise, resized: what a network gives."""
    cells = int(rng.choice([7, 14]))
    y, x = np.mgrid[:cells, :cells] / cells
    coarse = rng.normal(0, 0.05, (cells, cells))
    for _ in range(rng.integers(1, 4)):
        center, spread = rng.uniform(0.2, 0.8, 2), rng.uniform(0.08, 0.3, 2)
        coarse += rng.uniform(0.4, 1) * np.exp(
            -(((x - center[0]) / spread[0]) ** 2) - ((y - center[1]) / spread[1]) ** 2
        )
    score_map = cv2.resize(coarse, (side, side), interpolation=int(rng.choice([cv2.INTER_CUBIC, cv2.INTER_LINEAR])))
    return (score_map - score_map.min()) / np.ptp(score_map)


def nasty_maps(side=24):
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:side, :side]
    radius = np.hypot(x - side / 2, y - side / 2)
    spiral = np.zeros((side, side))
    for turn in range(0, side // 2, 2):
        spiral[turn, turn : side - turn] = spiral[side - 1 - turn, turn : side - turn] = 1
        spiral[turn : side - turn, turn] = spiral[turn : side - turn, side - 1 - turn] = 1
        spiral[turn + 1, turn] = 0
    single = np.zeros((side, side))
    single[3, 5] = 1
    line_and_block = np.zeros((side, side))
    line_and_block[20, 1:21], line_and_block[2:4, 2:4] = 1, 1
    steps = np.floor(radius)
    return dict(
        noise=rng.random((side, side)),
        binary=(rng.random((side, side)) < 0.5).astype(float),
        checkerboard=(x + y) % 2 * 1.0,
        checkered_levels=(x + y) % 2 * (x + 1) / side,
        rings=(np.sin(radius) + 1) / 2,
        steps=steps / steps.max(),
        ramp=x / (side - 1),
        zeros=np.zeros((side, side)),
        ones=np.ones((side, side)),
        constant=np.full((side, side), 0.3),
        spiral=spiral,
        gray_spiral=spiral * y / (side - 1),
        single_pixel=single,
        dim_pixel=single * 0.002,
        line_and_block=line_and_block,
        comb=(x % 2) * 1.0,
        two_holes=1.0 - ((radius > 3) & (radius < 5)) * y / (side - 1),
        row=rng.random((1, side)),
        column=rng.random((side, 1)),
        pixel=np.ones((1, 1)),
    )


@pytest.mark.parametrize('name', ['wsolevaluation', 'wsolevaluation-v2', 'tscam'])
@pytest.mark.parametrize('backend', ['numba', 'opencv'])
def test_tiny_maps(name, backend):
    rng, thresholds = np.random.default_rng(0), np.linspace(0, 0.999, 29)
    for _ in range(600 if backend == 'numba' else 150):
        score_map = tiny_map(rng)
        gt_boxes = random_boxes(rng, *score_map.shape)
        ious = threshold_ious(score_map, gt_boxes, thresholds, PROTOCOLS[name], backend)
        np.testing.assert_array_equal(
            ious, reference_ious(score_map, gt_boxes, thresholds, PROTOCOLS[name]), repr(score_map)
        )


@pytest.mark.parametrize('name', ['wsolevaluation', 'wsolevaluation-v2'])
def test_whole_grid_on_smooth_maps(name):
    rng = np.random.default_rng(1)
    for side in (61, 61, 61, 97, 224):
        score_map = smooth_map(rng, side)
        gt_boxes = random_boxes(rng, side, side)
        expected = reference_ious(score_map, gt_boxes, GRID, PROTOCOLS[name])
        for backend in ('numba', 'opencv'):
            np.testing.assert_array_equal(threshold_ious(score_map, gt_boxes, GRID, PROTOCOLS[name], backend), expected)


@pytest.mark.parametrize('kind', list(nasty_maps()))
@pytest.mark.parametrize('name', ['wsolevaluation', 'wsolevaluation-v2'])
def test_nasty_maps(kind, name):
    score_map = nasty_maps()[kind]
    gt_boxes = random_boxes(np.random.default_rng(2), *score_map.shape)
    thresholds = GRID[::4]
    expected = reference_ious(score_map, gt_boxes, thresholds, PROTOCOLS[name])
    for backend in ('numba', 'opencv'):
        np.testing.assert_array_equal(
            threshold_ious(score_map, gt_boxes, thresholds, PROTOCOLS[name], backend), expected
        )


def test_boxes_themselves_at_every_level():
    rng = np.random.default_rng(3)
    maps = [tiny_map(rng) for _ in range(500)] + [smooth_map(rng, 61) for _ in range(3)] + list(nasty_maps().values())
    for score_map in maps:
        gray = (score_map * 255).astype(np.uint8)
        boxes = largest_contour_boxes(gray)
        assert len(boxes) == gray.max()
        for level in {*range(0, len(boxes), 7), *range(len(boxes) - 3, len(boxes))} & set(range(len(boxes))):
            expected = reference_boxes(gray / 255.0, level / gray.max() + 1e-9, True, False, None)[0]
            assert tuple(boxes[level]) == expected, (level, gray)


def test_fill_levels_fills_the_holes_of_every_level():
    rng = np.random.default_rng(4)
    for _ in range(150):
        gray = (tiny_map(rng) * 255).astype(np.uint8)
        filled = fill_levels(gray)
        for level in np.unique(gray):
            outside = np.pad((gray <= level).astype(np.uint8), 1, constant_values=1)
            _, labels = cv2.connectedComponents(outside, connectivity=4)
            np.testing.assert_array_equal(filled > level, (labels != labels[0, 0])[1:-1, 1:-1])
