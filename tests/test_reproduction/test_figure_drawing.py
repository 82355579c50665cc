"""Figures from the files that runs leave."""

import mmcv
import numpy as np
import pytest

from reproduction import RunFolders, Settings, figure
from reproduction.drawing import _tile, draw
from reproduction.results import measure
from reproduction.runs import write_json
from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.visualization import PREDICTED_COLOR
from sltnet_mm.visualization.drift import BOX_COLORS

COUNT = 8


@pytest.fixture(scope='module')
def paths():
    images = SyntheticLocalization(split='test', num_images=COUNT)
    return np.array([images.get_data_info(i)['img_path'] for i in range(COUNT)])


def leave(folder, paths, epochs=3, gt_known=50.0):
    """What a finished run leaves."""
    generator = np.random.default_rng(0)
    metrics = {f'{source}/sltnet/gt_known': gt_known for source in ('map', 'box')}
    write_json(
        folder / 'results.json', dict(metrics=metrics, seconds=1, date='', device='', torch='', code='', commands=[])
    )
    boxes = np.tile(np.array([8.0, 8, 40, 56], np.float32), (COUNT, 1))
    history = dict(epochs=np.arange(1, epochs + 1), img_ids=paths, img_paths=paths, gt_boxes=boxes)
    for source in ('map', 'box'):
        history[f'iou_{source}'] = generator.random((epochs, COUNT))
        history[f'boxes_{source}'] = np.stack([boxes - epoch for epoch in range(epochs)])
    np.savez(folder / 'iou_history.npz', **history)
    kept = dict(img_paths=paths, gt_boxes=boxes, boxes_map=boxes, boxes_box=boxes, iou_map=np.ones(COUNT))
    kept |= dict(iou_box=np.ones(COUNT), maps=generator.random((COUNT, 4, 4)).astype(np.float16))
    kept |= dict(homographies=np.tile(np.eye(3), (COUNT, 1, 1)), input_sizes=np.tile([64, 64], (COUNT, 1)))
    np.savez(folder / 'test_images.npz', **kept)


def drawn(number, tmp_path, paths, seeds=(0,), **left):
    of, folders = figure(number, 'synthetic'), RunFolders(tmp_path, Settings())
    for row in of.rows:
        for seed in seeds if row.step.exists else ():
            leave(folders.run(row.step, seed).folder, paths, **left)
    return draw(of, measure(of, folders, seeds), tmp_path / 'out')


def shows(path, color):
    return bool((mmcv.imread(str(path), channel_order='rgb') == np.array(color)).all(axis=-1).any())


def test_trends_of_images(tmp_path, paths):
    written, said = drawn(1, tmp_path, paths)
    assert [path.name for path in written] == ['figure1_synthetic.png', 'figure1_synthetic_images.png']
    assert sum('validation images:' in sentence for sentence in said) == 2  # CAM and the localizer: one has no config
    assert shows(written[1], BOX_COLORS['map']) and not shows(written[1], BOX_COLORS['box'])


def test_localizer_and_regressor_over_the_epochs(tmp_path, paths):
    written, _ = drawn(6, tmp_path, paths)
    assert [path.name for path in written] == ['figure6_synthetic.png']
    assert shows(written[0], BOX_COLORS['map']) and shows(written[0], BOX_COLORS['box'])


def test_side_by_side(tmp_path, paths):
    written, said = drawn(5, tmp_path, paths)
    assert [path.name for path in written] == ['figure5_synthetic.png'] and shows(written[0], PREDICTED_COLOR)
    assert 'not selected by result' in said[0]


def test_score_map_is_drawn_on_the_shown_image():
    half = np.zeros((1, 4, 4))
    half[:, :, :2] = 1  # the left half of the network input, and so of the image
    kept = dict(maps=half, input_sizes=np.array([[16, 16]]), homographies=np.diag([16 / 60, 16 / 40, 1])[None])
    kept |= dict(gt_boxes=np.zeros((1, 4)), boxes_map=np.zeros((1, 4)), iou_map=np.array([0.25]))
    tile, iou = _tile(kept, 0, np.full((40, 60, 3), 90, np.uint8), 'map')
    hot = tile[..., 0].astype(int) - tile[..., 2] > 0  # yellow, not blue
    width = tile.shape[1]
    assert iou == 0.25 and tile.shape[1] * 40 == tile.shape[0] * 60
    assert hot[:, : 2 * width // 5].mean() > 0.95 and hot[:, 3 * width // 5 :].mean() < 0.05


def test_sweep(tmp_path, paths):
    written, said = drawn(4, tmp_path, paths, seeds=(0, 1))
    assert [path.name for path in written] == ['figure4_synthetic.png'] and 'Dots: single seeds' in said[0]


def test_no_picture_of_one_epoch_or_without_finished_runs(tmp_path, paths):
    written, said = drawn(6, tmp_path / 'one', paths, epochs=1)
    assert written == [] and said == ['SLT-Net localizer has only one epoch, so there is no curve to draw.']
    of = figure(1, 'synthetic')
    assert draw(of, measure(of, RunFolders(tmp_path / 'none', Settings()), [0]), tmp_path) == ([], [])


def test_images_that_lie_elsewhere_are_named(tmp_path, paths):
    gone = np.array([f'/nowhere/{i}.jpg' for i in range(COUNT)])
    written, said = drawn(5, tmp_path, gone)
    assert (
        written == []
        and sum('/nowhere/' in sentence and 'Run the command where the data is' in sentence for sentence in said) == 6
    )
