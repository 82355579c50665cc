"""CUBV2, OpenImages30k's masks, and the files that look right and are not."""

import os
import shutil

import cv2
import numpy as np
import pytest
import torch
from layouts import PIPELINE, write_cubv2, write_lines, write_openimages
from mmengine.config import Config

from sltnet_mm.datasets import CUBLocalization, LocalizationList
from sltnet_mm.datasets.evaluation_lists import read_evaluation_lists
from sltnet_mm.evaluation import PixelAveragePrecision, evaluate_masks
from sltnet_mm.evaluation.pixel_metric import read_mask


def infos(dataset) -> list[dict]:
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_cubv2(cub_root, tmp_path):
    write_cubv2(cub_root)
    first, second = infos(CUBLocalization(str(cub_root), 'val'))
    assert (first['gt_label'], second['gt_label']) == (0, 1)
    assert first['instances'] == [dict(bbox=[4, 5, 20, 15], bbox_label=0, ignore_flag=0)]
    assert os.path.isfile(second['img_path']) and second['img_id'] == '002.Wren/25513167677.jpg'
    shutil.move(cub_root / 'CUBV2', tmp_path / 'elsewhere')
    assert len(CUBLocalization(str(cub_root), 'val', cubv2_root=str(tmp_path / 'elsewhere'))) == 2
    with pytest.raises(
        FileNotFoundError, match="split 'val' is CUBV2, but the folder .* does not exist.*prepare_cub.py"
    ):
        CUBLocalization(str(cub_root), 'val')


def test_release_lists_are_named_for_maps_too(tmp_path):
    write_lines(tmp_path / 'image_ids.txt', 'a.jpg')
    write_lines(tmp_path / 'image_sizes.txt', 'a.jpg,50,40')
    write_lines(tmp_path / 'localization.txt', 'image_id,x0,y0,x1,y1', 'a.jpg,1,2,3,4')
    with pytest.raises(ValueError, match=r'localization.txt:1: this file is from .* release/'):
        read_evaluation_lists(tmp_path)


def test_cubv2_of_the_release_folder(cub_root):
    """Rows x, y, width, height under the header x0,y0,x1,y1."""
    write_cubv2(cub_root)
    path = cub_root / 'CUBV2/lists/localization.txt'
    write_lines(path, 'image_id,x0,y0,x1,y1', '11789,176,136,282,155')
    with pytest.raises(ValueError, match=r'localization.txt:1: this file is from .* release/.*x, y, width, height'):
        CUBLocalization(str(cub_root), 'val')
    write_lines(path, '001.Albatross/30107316117.jpg,291,180,246,275', '002.Wren/25513167677.jpg,1,2,11,12')
    with pytest.raises(ValueError, match='localization.txt:1: .*no area; .*Are the rows x, y, width, height'):
        CUBLocalization(str(cub_root), 'val')


def test_cubv2_lists_of_other_data(cub_root):
    write_cubv2(cub_root)
    names = ('001.Albatross/30107316117.jpg', '002.Wren/25513167677.jpg')
    write_lines(cub_root / 'CUBV2/lists/class_labels.txt', f'{names[0]},0', f'{names[1]},0')
    with pytest.raises(ValueError, match="class_labels.txt: image '002.Wren/.*label 0, which is '001.Albatross'"):
        CUBLocalization(str(cub_root), 'val')


@pytest.fixture
def openimages_root(tmp_path):
    write_openimages(tmp_path)
    return tmp_path


def make(root, split, **kwargs) -> LocalizationList:
    return LocalizationList(
        str(root), 'metadata/OpenImages', split=split, num_classes=2, localization='masks', **kwargs
    )


def test_masks_in_place_of_boxes(openimages_root):
    root = openimages_root
    first, second = infos(make(root, 'test'))
    assert first['mask_path'] == [str(root / f'test/01226z/aa_m{n}.png') for n in (1, 2)]
    assert first['ignore_mask_path'] == str(root / 'test/01226z/aa_ignore.png')
    assert second['mask_path'] == str(root / 'test/0138tl/bb_m1.png')
    assert 'ignore_mask_path' not in second and 'instances' not in first
    os.remove(root / 'metadata/OpenImages/val/localization.txt')
    with pytest.raises(FileNotFoundError, match='val/localization.txt'):
        make(root, 'val')
    assert [set(i) for i in infos(make(root, 'train'))] == [{'img_path', 'img_id', 'gt_label', 'sample_idx'}] * 2
    shutil.copytree(root / 'test', root / 'masks/test')
    assert infos(make(root, 'test', mask_dir='masks'))[1]['mask_path'] == str(root / 'masks/test/0138tl/bb_m1.png')
    with pytest.raises(ValueError, match="localization must be 'boxes' or 'masks', got 'points'"):
        LocalizationList(localization='points')


def reference_mask(masks: list[str], ignore: str | None, size: tuple[int, int]) -> np.ndarray:
    """wsolevaluation's definition, pixel by pixel."""
    width, height = size
    out = np.zeros((height, width), np.uint8)
    images = [
        cv2.resize(cv2.imread(path, cv2.IMREAD_GRAYSCALE), size, interpolation=cv2.INTER_NEAREST) for path in masks
    ]
    ignored = None if ignore is None else cv2.resize(cv2.imread(ignore, 0), size, interpolation=cv2.INTER_NEAREST)
    for y in range(height):
        for x in range(width):
            if any(image[y, x] > 0 for image in images):
                out[y, x] = 1
            elif ignored is not None and ignored[y, x] > 0:
                out[y, x] = 255
    return out


def test_masks_reach_the_metric(openimages_root):
    dataset = make(openimages_root, 'test', pipeline=PIPELINE)
    rng = np.random.default_rng(0)
    metric, maps, masks = PixelAveragePrecision(), [], []
    metric.dataset_meta = dataset.metainfo
    for index in range(2):
        sample = dataset[index]['data_samples']
        info = dataset.get_data_info(index)
        mask = read_mask(sample.to_dict(), (16, 16))
        paths = info['mask_path'] if isinstance(info['mask_path'], list) else [info['mask_path']]
        np.testing.assert_array_equal(mask, reference_mask(paths, info.get('ignore_mask_path'), (16, 16)))
        assert (255 in mask) == (index == 0) and 1 in mask
        score_map = rng.random((16, 16))
        score_map = (score_map - score_map.min()) / np.ptp(score_map)
        maps.append(score_map)
        masks.append(mask)
        metric.process(None, [sample.to_dict() | dict(pred_maps=dict(label=torch.from_numpy(score_map)))])
    numbers, expected = metric.compute_metrics(metric.results), evaluate_masks(maps, masks)
    assert numbers['pxap'] == pytest.approx(expected['pxap']) and expected['num_pixels'] < 2 * 256


@pytest.mark.parametrize('channels', [3, 4])
def test_alpha_of_a_mask_is_no_object(tmp_path, channels):
    mask = np.zeros((4, 4, channels), np.uint8)
    mask[1, 2, :3] = 255
    mask[..., 3:] = 255
    path = str(tmp_path / 'mask.png')
    assert cv2.imwrite(path, mask)
    assert np.argwhere(read_mask(dict(img_id='a', mask_path=path), (4, 4))).tolist() == [[1, 2]]


def test_the_config_of_openimages(openimages_root):
    config = Config.fromfile('configs/_base_/datasets/openimages_localization.py')
    assert config.test_evaluator == [dict(type='sltnet_mm.PixelAveragePrecision')]
    settings = dict(config.test_dataloader.dataset, data_root=str(openimages_root))
    assert settings.pop('type') == 'sltnet_mm.LocalizationList'
    assert len(LocalizationList(**settings)) == 2
