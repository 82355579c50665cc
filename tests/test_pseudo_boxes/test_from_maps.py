"""Boxes from maps of other code: single maps, folders of .npy files, COCO json."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from sltnet_mm.datasets import LocalizationCSV
from sltnet_mm.functional import class_maps
from sltnet_mm.pseudo_boxes import PseudoBoxGenerator
from sltnet_mm.pseudo_boxes.from_maps import boxes_of_map_files
from sltnet_mm.structures.box_file import read_box_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def images(tmp_path):
    """Three images of two classes and of different sizes, (width, height) below."""
    rows = ['image,label']
    for name, (width, height), label in (
        ('a/1.png', (40, 30), 'x'),
        ('b/2.png', (20, 50), 'y'),
        ('3.jpg', (32, 32), 'x'),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((height, width, 3), 99, np.uint8))
        rows.append(f'{name},{label}')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    return LocalizationCSV(str(tmp_path), 'labels.csv')


@pytest.fixture
def maps(images, tmp_path):
    folder = tmp_path / 'maps'
    for name, shape in (('a/1', (15, 20)), ('b/2.png', (25, 10)), ('3', (32, 32))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(folder / f'{name}.npy', np.zeros(shape))
    one = np.zeros((15, 20), np.float32)
    one[3:9, 4:14] = 7  # half the image's resolution: x 8 to 28, y 6 to 18
    np.save(folder / 'a' / '1.npy', one)
    two = np.full((50, 20), -3.0)
    two[10:30, 5:15] = -1  # of the image's size, any range
    np.save(folder / 'b' / '2.png.npy', two)
    return folder


def test_folder_to_coco(images, maps):
    coco = boxes_of_map_files(images, maps, threshold=0.5)
    assert [(image['file_name'], image['width'], image['height']) for image in coco['images']] == [
        ('a/1.png', 40, 30),
        ('b/2.png', 20, 50),
        ('3.jpg', 32, 32),
    ]
    boxes = {box['image_id']: box for box in coco['annotations']}
    assert boxes[0]['bbox'] == [8, 6, 20, 12] and boxes[0]['category_id'] == 0
    assert boxes[1]['bbox'] == [5, 10, 10, 20] and boxes[1]['category_id'] == 1
    assert coco['info']['images_without_box'] == ['3.jpg'] and len(boxes) == 2
    assert [category['name'] for category in coco['categories']] == ['x', 'y']
    assert coco['info']['source'] == 'maps' and coco['info']['threshold'] == 0.5


def test_tool_writes_what_the_reader_takes(images, maps, tmp_path, monkeypatch, capsys):
    config = tmp_path / 'images.py'
    config.write_text(
        'train_dataloader = dict(dataset=dict(type="RepeatDataset", times=2, dataset=dict('
        f'type="sltnet_mm.LocalizationCSV", data_root={str(tmp_path)!r}, ann_file="labels.csv")))'
    )
    out = tmp_path / 'boxes.json'
    monkeypatch.setattr(sys, 'argv', ['boxes_from_maps.py', str(config), str(maps), '--out', str(out)])
    runpy.run_path(str(ROOT / 'tools' / 'boxes_from_maps.py'), run_name='__main__')
    assert json.loads(out.read_text())['info']['threshold'] == 0.2
    table = read_box_file(out)
    np.testing.assert_allclose(table.boxes[table.rows['b/2.png']], [5, 10, 15, 30])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools' / 'boxes_from_maps.py'), run_name='__main__')
    assert '--overwrite' in capsys.readouterr().err


def test_bad_maps_are_named(images, maps):
    (maps / '3.npy').unlink()
    with pytest.raises(FileNotFoundError, match="image '3.jpg' has no map"):
        boxes_of_map_files(images, maps)
    for bad, found in ((np.zeros((3, 32, 32)), r'shape \(3, 32, 32\)'), (np.full((32, 32), np.nan), 'NaN')):
        np.save(maps / '3.npy', bad)
        with pytest.raises(ValueError, match=f"map of image '3.jpg' must be a finite H x W array, got {found}"):
            boxes_of_map_files(images, maps)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        boxes_of_map_files(images, 'nowhere')


def test_one_map_per_image_is_the_chain_without_the_average():
    generator = PseudoBoxGenerator(0.3, top_k=1)
    torch.manual_seed(0)
    features, weight = torch.randn(4, 6, 5, 7), torch.randn(3, 6)
    maps = class_maps(features, weight)
    logits = maps.mean(dim=(2, 3))
    boxes, score_maps = generator(maps, logits, size=(40, 56))
    best = maps[torch.arange(4), logits.argmax(dim=1)]
    for given in (best, best.numpy(), best.double().numpy() * 9 + 4):  # numpy, any range
        same_boxes, same_maps = generator.from_maps(given, size=(40, 56))
        torch.testing.assert_close(same_maps.float(), score_maps, atol=1e-5, rtol=0)
        torch.testing.assert_close(same_boxes, boxes)
    torch.testing.assert_close(generator.from_maps(best[2], size=(40, 56))[0], boxes[2:3])


def test_grad_cam_arrays_and_integer_maps():
    saliency = np.zeros((2, 20, 30), np.float32)
    saliency[0, 4:9, 6:16] = 1.0
    saliency[1, 2:18, 3:9] = 0.7
    boxes, _ = PseudoBoxGenerator().from_maps(saliency, size=(20, 30))
    assert boxes.tolist() == [[6, 4, 16, 9], [3, 2, 9, 18]]
    assert (
        PseudoBoxGenerator().from_maps((saliency * 255).astype(np.uint8), size=(20, 30))[0].tolist() == boxes.tolist()
    )
    with pytest.raises(ValueError, match='H x W or B x h x w, one per image, got shape .2, 3, 4, 5.; pass class'):
        PseudoBoxGenerator().from_maps(np.zeros((2, 3, 4, 5)), size=(8, 8))
