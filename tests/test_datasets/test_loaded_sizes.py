"""Sizes, pictures and checks of images ask the loader: which formats are turned depends on the decoder."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from layouts import write_lines
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from sltnet_mm.datasets import BadImageError, LocalizationCSV
from sltnet_mm.datasets.image_files import check_image
from sltnet_mm.datasets.orientation import image_size, orientation_of, original_image

ROOT = Path(__file__).parents[2]
STORED, BOX = (30, 20), (2, 3, 12, 9)  # (width, height) as stored; the object's pixels
FORMATS = ('jpg', 'png', 'webp', 'tiff', 'bmp')
LOADERS = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='LoadImageFromFile', imdecode_backend='pillow'),
]


def write_turned(path: Path, orientation: int = 6) -> np.ndarray:
    """A white object on black, with an EXIF orientation where the format has one; the result is what mmcv loads."""
    pixels = np.zeros((STORED[1], STORED[0], 3), np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, exif=exif, quality=100, lossless=True)
    return LoadImageFromFile()(dict(img_path=str(path)))['img']


@pytest.mark.parametrize('loader', LOADERS)
@pytest.mark.parametrize('orientation', [1, 3, 6])
@pytest.mark.parametrize('name', FORMATS)
def test_sizes_and_pixels_are_those_of_the_loader(tmp_path, name, orientation, loader):
    path = tmp_path / f'a.{name}'
    write_turned(path, orientation)
    step = LoadImageFromFile(**{key: value for key, value in loader.items() if key != 'type'})
    loaded = step(dict(img_path=str(path)))['img']
    assert image_size(str(path), loader=step) == loaded.shape[1::-1]
    np.testing.assert_array_equal(original_image(str(path), loader=step), loaded[..., ::-1])
    rotated = step.color_type == 'color'
    if step.imdecode_backend == 'cv2':
        assert image_size(str(path), rotated) == loaded.shape[1::-1]


def config_of(root: Path, loader: dict) -> Path:
    """The CSV data set, for val and test, with a loader; the localizer is not needed."""
    pipeline = [loader, dict(type='sltnet_mm.ResizeCrop', resize=16), dict(type='sltnet_mm.PackLocalizationInputs')]
    data = dict(type='sltnet_mm.LocalizationCSV', data_root=str(root), split='test', pipeline=pipeline)
    loaders = {f'{split}_dataloader': dict(dataset=dict(data, split=split)) for split in ('train', 'test')}
    path = root / 'config.py'
    path.write_text('\n'.join(f'{key} = {value!r}' for key, value in loaders.items()))
    return path


@pytest.mark.parametrize('loader', [LOADERS[0], LOADERS[2]])
@pytest.mark.parametrize('name', FORMATS)
def test_perfect_maps_score_100_in_every_format(tmp_path, monkeypatch, capsys, name, loader):
    """localization_to_coco, boxes_from_maps and evaluate_boxes agree with the pixels that the loader gives."""
    root = tmp_path / 'data'
    write_turned(root / f'a.{name}')
    step = LoadImageFromFile(**{key: value for key, value in loader.items() if key != 'type'})
    bright = step(dict(img_path=str(root / f'a.{name}')))['img'][..., 0] > 127
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    write_lines(
        root / 'annotations.csv', 'image,label,split,x1,y1,x2,y2', f'a.{name},bird,test,{",".join(map(str, box))}'
    )
    config = config_of(root, loader)
    np.save(tmp_path / f'a.{name}.npy', bright.astype(np.float32))

    def run(tool: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
        return capsys.readouterr().out

    run('boxes_from_maps.py', config, tmp_path, '--split', 'test', '--out', tmp_path / 'boxes.json')
    assert 'box/sltnet/gt_known: 100.00' in run('analysis_tools/evaluate_boxes.py', tmp_path / 'boxes.json', config)
    run('dataset_converters/localization_to_coco.py', config, '--out', tmp_path / 'truth.json')
    for file in ('boxes.json', 'truth.json'):
        image = json.loads((tmp_path / file).read_text())['images'][0]
        assert (image['width'], image['height']) == bright.shape[::-1]


def test_an_orientation_behind_the_pixels_of_a_png_counts(tmp_path):
    """OpenCV reads the eXIf chunk wherever it is; PIL sees it only after decoding."""
    path = tmp_path / 'a.png'
    write_turned(path)
    content = path.read_bytes()
    start = content.index(b'eXIf') - 4
    length = 12 + int.from_bytes(content[start : start + 4], 'big')
    chunk, end = content[start : start + length], content.index(b'IEND') - 4
    path.write_bytes(content[:start] + content[start + length : end] + chunk + content[end:])
    assert image_size(str(path)) == cv2.imread(str(path)).shape[1::-1]


def test_size_limits_are_those_of_the_loader(tmp_path, monkeypatch):
    """PIL refuses images of 179 million pixels; OpenCV loads them. Here the limit is lower instead."""
    path = str(tmp_path / 'large.png')
    assert cv2.imwrite(path, np.zeros((40, 60, 3), np.uint8))
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)
    check_image(path)
    assert image_size(path) == (60, 40) and orientation_of(path) == 1 and Image.MAX_IMAGE_PIXELS == 100


def test_skipping_bad_images_is_judged_by_the_loader(tmp_path):
    """OpenCV reads a TIFF of float numbers, PIL does not; PIL reads a GIF with a damaged palette, OpenCV does not."""
    assert cv2.imwrite(str(tmp_path / 'float.tiff'), np.random.default_rng(0).random((20, 30, 3), np.float32))
    Image.new('1', (30, 20)).save(tmp_path / 'pillow_only.pcx')
    assert cv2.imwrite(str(tmp_path / 'good.png'), np.zeros((20, 30, 3), np.uint8))
    names = ('float.tiff', 'pillow_only.pcx', 'good.png')
    write_lines(tmp_path / 'annotations.csv', 'image,label', *(f'{name},bird' for name in names))

    def kept(loader: dict) -> list[str]:
        dataset = LocalizationCSV(str(tmp_path), on_bad_image='skip', pipeline=[loader])
        assert all('img' in dataset[index] for index in range(len(dataset)))
        return [dataset.get_data_info(index)['img_id'] for index in range(len(dataset))]

    assert kept(LOADERS[0]) == ['float.tiff', 'good.png']
    assert kept(LOADERS[2]) == ['pillow_only.pcx', 'good.png']
    with pytest.raises(
        BadImageError, match=r"pillow_only.pcx' \(PCX, mode 1\) cannot be decoded by the loader \(cv2\)"
    ):
        check_image(str(tmp_path / 'pillow_only.pcx'))
