import numpy as np
import pytest
import torch
from torchvision.transforms.functional import ten_crop

from sltnet_mm.datasets import CUBLocalization, TenCrop


def test_crops_are_torchvisions():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    crops = TenCrop(resize=(40, 50), crop=(32, 30))(dict(img=image))['crops']
    wanted = ten_crop(torch.from_numpy(image).permute(2, 0, 1), [32, 30])
    assert crops.dtype == np.uint8 and (torch.from_numpy(crops) == torch.stack(wanted)).all()


def test_gray_images_and_one_pixel_of_room():
    crops = TenCrop(resize=9, crop=8)(dict(img=np.arange(400, dtype=np.float32).reshape(20, 20)))['crops']
    assert crops.shape == (10, 1, 8, 8)


def test_the_packed_sample_carries_the_crops_of_the_whole_image(cub_root, pipeline):
    pipeline.insert(1, dict(type='sltnet_mm.TenCrop', resize=20, crop=12))
    sample = CUBLocalization(str(cub_root), 'test', pipeline=pipeline)[0]['data_samples']
    assert sample.crops.shape == (10, 3, 12, 12) and sample.crops.dtype == torch.uint8
    assert (sample.crops[[6, 5, 8, 7, 9]] == sample.crops[:5].flip(-1)).all()
    assert sample.metainfo['img_shape'] == (16, 16)


def test_refusals(cub_root, pipeline):
    pipeline.insert(2, dict(type='sltnet_mm.TenCrop', resize=16, crop=12))
    with pytest.raises(ValueError, match='before ResizeCrop'):
        CUBLocalization(str(cub_root), 'test', pipeline=pipeline)[0]
    with pytest.raises(ValueError, match='crop must be at most resize'):
        TenCrop(8, 9)
    with pytest.raises(TypeError, match='TenCrop: crop must be an int'):
        TenCrop(8, 7.5)
