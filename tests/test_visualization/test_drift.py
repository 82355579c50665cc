"""Single images over the epochs."""

import numpy as np
import pytest

from sltnet_mm.visualization.drift import BOX_COLORS, drift_chart, drift_pictures, drift_summary, drifting_images

IOUS = np.array([[0.2, 0.9, 0.6, 0.1], [0.3, 0.95, 0.2, 0.1], [0.8, 0.3, 0.7, 0.1]])


def test_images_that_gain_and_lose_most():
    rising, falling = drifting_images(IOUS, count=2)
    assert rising.tolist() == [0, 2] and falling.tolist() == [1, 0]
    rising, falling = drifting_images(IOUS, count=9)
    assert sorted(rising) == sorted(falling) == [0, 1, 2, 3]


def test_gains_and_losses_by_a_slow_reference():
    generator = np.random.default_rng(0)
    for _ in range(20):
        ious = generator.random((generator.integers(2, 6), 12)).round(1)
        rising, falling = drifting_images(ious, count=5)
        gains = sorted(range(12), key=lambda i: (-(ious[-1][i] - ious[0][i]), i))
        losses = sorted(range(12), key=lambda i: (-(max(row[i] for row in ious) - ious[-1][i]), i))
        assert rising.tolist() == gains[:5] and falling.tolist() == losses[:5]


def test_summary():
    assert drift_summary(IOUS) == dict(right_at_last=50.0, right_at_best=75.0, lost=25.0)
    assert drift_summary(np.array([[0.5], [0.5]]))['right_at_best'] == 0  # right is above 0.5


def test_one_validation_is_not_enough():
    with pytest.raises(ValueError, match='at least two validations'):
        drifting_images(IOUS[:1], count=1)


def test_chart_has_one_panel_per_run_and_needs_the_source():
    history = dict(epochs=np.arange(3), iou_map=IOUS)
    one, two = drift_chart(dict(a=history)), drift_chart(dict(a=history, b=history))
    assert one.dtype == np.uint8 and two.shape == (one.shape[0], 2 * one.shape[1], 3)
    with pytest.raises(KeyError, match='iou_box'):
        drift_chart(dict(a=history), source='box')


def history_of(epochs):
    boxes = np.tile(np.array([4.0, 4, 20, 20], np.float32), (epochs, 1, 1))
    return dict(
        epochs=np.arange(1, epochs + 1),
        gt_boxes=np.array([[40.0, 40, 60, 60]]),
        boxes_map=boxes,
        boxes_box=boxes + 16,
        iou_map=np.zeros((epochs, 1)),
        iou_box=np.zeros((epochs, 1)),
    )


def has(picture, color):
    return bool((picture == np.array(color)).all(axis=-1).any())


def test_pictures_show_every_box_in_its_color():
    ground = {0: np.zeros((64, 64, 3), np.uint8)}
    both = drift_pictures(history_of(2), ground, min_side=128)
    assert has(both, BOX_COLORS['map']) and has(both, BOX_COLORS['box'])
    one = drift_pictures(history_of(2), ground, sources=('map',), min_side=128)
    assert has(one, BOX_COLORS['map']) and not has(one, BOX_COLORS['box'])


def test_many_epochs_are_thinned_and_the_first_and_last_stay():
    ground = {0: np.zeros((64, 64, 3), np.uint8)}
    wide = [drift_pictures(history_of(epochs), ground, max_columns=3, min_side=64).shape[1] for epochs in (2, 3, 12)]
    assert wide[0] < wide[1] == wide[2]
