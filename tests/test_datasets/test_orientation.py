"""EXIF orientation: ILSVRC's boxes refer to the images as stored, so they are loaded without rotation."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import mmcv
import numpy as np
import pytest
import torch
from layouts import box_xml, settle, write_ilsvrc, write_imagenetv2, write_text
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from mmengine.structures import BaseDataElement
from PIL import Image

from sltnet_mm.datasets import ILSVRCLocalization, PseudoBoxDataset
from sltnet_mm.datasets.box_xml import read_box_xml
from sltnet_mm.datasets.coco_export import gt_boxes_as_coco
from sltnet_mm.datasets.orientation import exif_rotated, image_size, orientation_of
from sltnet_mm.functional import transform_boxes
from sltnet_mm.hooks import LocalizationVisualizationHook
from sltnet_mm.visualization import LocalizationVisualizer, original_image

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
SIZE, BOX = (30, 20), (2, 3, 12, 9)  # (width, height) and box of the stored pixels
TURN = dict(type='LoadImageFromFile')
KEEP = dict(TURN, color_type='color_ignore_orientation')


def write_rotated(path: Path, orientation: int) -> None:
    """A white object on black at BOX, with an orientation that rotates it."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, 'JPEG', exif=exif, quality=100, subsampling=0)


@pytest.fixture(params=[3, 6])  # half a turn, a quarter
def root(tmp_path, request):
    write_ilsvrc(tmp_path)
    write_imagenetv2(tmp_path)
    for folder in ('train/n01', 'train/n02', 'val', 'val2/0', 'val2/1'):
        for path in sorted((tmp_path / folder).iterdir()):
            write_rotated(path, request.param)
    for path in (tmp_path / 'annotations/val').iterdir():
        write_text(path, box_xml([('n01', *BOX), ('n02', *BOX)], SIZE))
    write_text(
        tmp_path / 'metadata/ILSVRC/val/localization.txt',
        ''.join(f'val2/{path.parent.name}/{path.name},2,3,12,9\n' for path in sorted(tmp_path.glob('val2/*/*'))),
    )
    settle(tmp_path)
    return tmp_path


@pytest.mark.parametrize('name', sorted(path.stem for path in CONFIGS.glob('*.py') if path.stem[:3] in ('ils', 'ima')))
def test_configs_load_the_images_of_the_boxes(root, name):
    """The network input is bright where the box is, in every split; nothing but the object is."""
    config = Config.fromfile(CONFIGS / f'{name}.py')
    for part in ('val', 'test') if 'pseudo' in name else ('train', 'val', 'test'):
        settings = dict(config[f'{part}_dataloader'].dataset, data_root=str(root))
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            packed = DATASETS.build(settings)[0]
        sample = packed['data_samples']
        assert sample.ori_shape == SIZE[::-1]
        if part != 'train':
            xml = next((root / 'annotations/val').iterdir())
            assert read_box_xml(str(xml)).size == sample.ori_shape[::-1]
            assert sample.gt_instances.bboxes.tolist() == [list(BOX)]
        box = transform_boxes(torch.tensor([BOX], dtype=torch.float64), sample.homography_matrix)[0]
        inputs = packed['inputs'][0].numpy() / 255
        inside = np.zeros_like(inputs, bool)
        x1, y1, x2, y2 = box.round().int().clamp(min=0).tolist()
        inside[y1:y2, x1:x2] = True
        assert np.abs(inputs - inside).mean() < 0.03


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_rotating_loader_is_rejected(root, split):
    for step in (TURN, dict(TURN, color_type='grayscale'), dict(TURN, imdecode_backend='pillow')):
        with pytest.raises(ValueError, match='boxes of ILSVRCLocalization .* color_type=.*_ignore_orientation'):
            ILSVRCLocalization(str(root), split, pipeline=[step])
    assert ILSVRCLocalization(str(root), split, pipeline=[KEEP])[0]['img'].shape[:2] == SIZE[::-1]
    assert (
        ILSVRCLocalization(str(root), split, pipeline=[dict(TURN, color_type='unchanged')])[0]['img'].shape[:2]
        == SIZE[::-1]
    )


def test_pseudo_boxes_must_not_be_rotated_either(root):
    data = dict(type='sltnet_mm.ILSVRCLocalization', data_root=str(root))
    with pytest.raises(ValueError, match='boxes of ILSVRCLocalization refer to the images as stored'):
        PseudoBoxDataset(data, 'none.json', pipeline=[TURN])
    with pytest.raises(FileNotFoundError, match='none.json'):
        PseudoBoxDataset(data, 'none.json', pipeline=[KEEP])


def test_exported_sizes_and_pictures_fit_the_boxes(root, tmp_path):
    dataset = ILSVRCLocalization(str(root), 'test')
    coco = gt_boxes_as_coco(dataset)
    assert {(image['width'], image['height']) for image in coco['images']} == {SIZE}
    # the box of the other class is not evaluated, so it is no truth for others either
    assert [box['category_id'] for box in coco['annotations']] == [1, 0, 1]
    path = dataset.get_data_info(0)['img_path']
    stored = np.array(Image.open(path))
    np.testing.assert_array_equal(original_image(path, rotated=False), stored)
    np.testing.assert_array_equal(original_image(path), mmcv.imread(path, channel_order='rgb'))
    assert orientation_of(path) in (3, 6) and image_size(path, rotated=False) == SIZE

    drawn = []
    visualizer = LocalizationVisualizer()
    visualizer.add_datasample = lambda name, image, *args, **kwargs: drawn.append(image)
    loader = SimpleNamespace(dataset=SimpleNamespace(dataset=dataset))  # wrapped
    runner = SimpleNamespace(work_dir=str(tmp_path), timestamp='now', visualizer=visualizer, test_dataloader=loader)
    hook = LocalizationVisualizationHook()
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, None, [BaseDataElement(metainfo=dict(img_path=path, sample_idx=0))])
    np.testing.assert_array_equal(drawn[0], stored)
    assert not exif_rotated(loader.dataset)


def test_other_data_sets_load_as_opencv_does(tmp_path):
    write_rotated(tmp_path / 'a.jpg', 6)
    assert exif_rotated(SimpleNamespace(dataset=object()))
    height, width = cv2.imread(str(tmp_path / 'a.jpg')).shape[:2]
    assert image_size(str(tmp_path / 'a.jpg')) == (width, height) == SIZE[::-1]
