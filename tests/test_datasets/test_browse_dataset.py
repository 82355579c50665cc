"""browse_dataset: boxes are drawn where the objects are, before and after the pipeline."""

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from layouts import write_image, write_lines, write_openimages
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope

from sltnet_mm.visualization import GT_COLOR, browse

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis_tools/browse_dataset.py'


def extent(where: np.ndarray) -> np.ndarray:
    """x1, y1, x2, y2 (ends exclusive) of the true pixels."""
    rows, columns = np.nonzero(where)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def pack(path: Path, boxes: list, **step) -> dict:
    pipeline = [dict(type='LoadImageFromFile'), dict(type='sltnet_mm.ResizeCrop', **step)]
    instances = [dict(bbox=box, bbox_label=1, ignore_flag=flag) for box, flag in boxes]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        run = Compose([*pipeline, dict(type='sltnet_mm.PackLocalizationInputs')])
    return run(dict(img_path=str(path), img_id='a', gt_label=1, instances=instances))


@pytest.mark.parametrize('seed', range(4))
def test_boxes_follow_the_object(tmp_path, seed):
    """The object is a blue square on black (in RGB), the only box is drawn around it in white."""
    rng = np.random.default_rng(seed)
    x1, y1 = rng.integers(30, 60, 2)
    x2, y2 = x1 + 60, y1 + 40
    image = np.zeros((160, 200, 3), np.uint8)
    image[y1:y2, x1:x2, 0] = 255
    path = tmp_path / 'square.png'
    assert cv2.imwrite(str(path), image)
    np.random.seed(seed)
    packed = pack(path, [([x1, y1, x2, y2], 0)], resize=(160, 200), crop=(140, 180), mode='random', flip_prob=0.5)
    ((seen, lines),) = browse.input_tiles(packed, side=200)
    square = extent(packed['inputs'].numpy()[0] == 255)
    np.testing.assert_array_equal(extent((seen == GT_COLOR).all(-1)), square)
    assert lines == ['180 x 140' + (', flipped' if packed['data_samples'].flip else '')]
    original, lines = browse.original_tile(packed['data_samples'], ('a', 'b'), side=160)
    np.testing.assert_array_equal(extent((original == GT_COLOR).all(-1)), [x1, y1, x2, y2])
    assert lines[:3] == ['square.png', '200 x 160', 'label 1: b'] and lines[3][0] == 'boxes: 1'
    ((twice, _),) = browse.input_tiles(packed, side=400)
    np.testing.assert_array_equal(twice, seen.repeat(2, axis=0).repeat(2, axis=1))
    half, _ = browse.original_tile(packed['data_samples'], None, side=80)
    assert half.shape == (80, 100, 3)
    np.testing.assert_allclose(extent((half == GT_COLOR).all(-1)), np.array([x1, y1, x2, y2]) / 2, atol=0.5)


def test_ignored_boxes_have_their_own_color(tmp_path):
    write_image(tmp_path / 'a.png', shape=(100, 100))
    packed = pack(tmp_path / 'a.png', [([10, 10, 50, 50], 0), ([60, 60, 90, 90], 1)], resize=100)
    picture, lines = browse.original_tile(packed['data_samples'], None, side=100)
    assert [line[0] for line in lines[3:]] == ['boxes not evaluated: 1', 'boxes: 1']
    assert (picture[60, 60:90] == browse.IGNORED_COLOR).all() and (picture[10, 10:50] == GT_COLOR).all()


def test_masks_and_crops(tmp_path):
    write_openimages(tmp_path)
    config = Config.fromfile(ROOT / 'configs/_base_/datasets/openimages_localization.py')
    config.test_dataloader.dataset.data_root = str(tmp_path)
    config.test_dataloader.dataset.pipeline.insert(1, dict(type='sltnet_mm.TenCrop', resize=32, crop=24))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = browse.DATASETS.build(config.test_dataloader.dataset)
        grid = browse.browse(config, 'test', number=5, draws=2, side=64, seed=0)
    packed = dataset[0]
    assert len(browse.input_tiles(packed, 64)) == 11 and grid.shape[1] > 11 * 24
    picture, _ = browse.original_tile(packed['data_samples'], None, side=20)
    plain = cv2.imread(str(tmp_path / 'test/01226z/aa.jpg'))[..., ::-1]
    changed = (picture != plain).any(-1)
    expected = np.zeros((20, 30), bool)
    expected[3:9, 2:8] = expected[3:9, 10:14] = expected[:12, 12:] = True
    assert not (changed & ~expected).any() and changed[expected].mean() > 0.99


def test_the_command(tmp_path, monkeypatch, capsys):
    write_image(tmp_path / 'a.jpg', shape=(80, 80))
    write_lines(
        tmp_path / 'annotations.csv', 'image,label,split,x1,y1,x2,y2', 'a.jpg,cat,train,,,,', 'a.jpg,cat,test,3,4,40,40'
    )
    config = ROOT / 'configs/_base_/datasets/csv_localization.py'
    command = [
        'browse_dataset',
        config,
        '--data-root',
        tmp_path,
        '--splits',
        'train',
        'test',
        '--out',
        tmp_path / 'out',
    ]
    monkeypatch.setattr(sys, 'argv', [str(part) for part in command])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['browse_test.png', 'browse_train.png']
    train = cv2.imread(str(tmp_path / 'out/browse_train.png'))
    assert train.shape[1] == 3 * 80 + 3 * 224 + 5 * 8  # 80 pixels are enlarged to 240, the default side
    monkeypatch.setattr(sys, 'argv', [*map(str, command), '--number', '0'])
    with pytest.raises(SystemExit):
        runpy.run_path(str(TOOL), run_name='__main__')
    assert '--number must be at least 1, got 0' in capsys.readouterr().err
