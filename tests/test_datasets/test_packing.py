import numpy as np
import pytest
import torch

from sltnet_mm.datasets import PackLocalizationInputs, ResizeCrop


def results(**more) -> dict:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    matrix = np.eye(3, dtype=np.float32)
    base = dict(img=image, img_shape=(4, 6), ori_shape=(8, 12), homography_matrix=matrix, img_path='a.jpg', img_id='a')
    return {**base, **more}


def test_inputs_are_the_image_channels_first():
    packed = PackLocalizationInputs()(results())
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].is_contiguous()
    assert (packed['inputs'].numpy().transpose(1, 2, 0) == results()['img']).all()


def test_gray_images_get_a_channel():
    assert PackLocalizationInputs()(results(img=np.zeros((4, 6), np.uint8)))['inputs'].shape == (1, 4, 6)


def test_evaluation_sample():
    instances = [
        dict(bbox=[1, 2, 3.5, 4], bbox_label=7, ignore_flag=0),
        dict(bbox=[0, 0, 1, 1], bbox_label=2, ignore_flag=1),
        dict(bbox=[5, 6, 7, 8], bbox_label=7),
    ]
    sample = PackLocalizationInputs()(results(instances=instances, gt_label=7, mask_path='m.png'))['data_samples']
    assert sample.gt_label.tolist() == [7] and sample.gt_label.dtype == torch.int64
    assert sample.gt_instances.bboxes.tolist() == [[1, 2, 3.5, 4], [5, 6, 7, 8]]
    assert sample.gt_instances.bboxes.dtype == torch.float32
    assert sample.gt_instances.labels.tolist() == [7, 7] and sample.gt_instances.labels.dtype == torch.int64
    assert sample.ignored_instances.bboxes.tolist() == [[0, 0, 1, 1]]
    assert sample.metainfo['instances'] == instances and sample.metainfo['mask_path'] == 'm.png'
    assert sample.metainfo['ori_shape'] == (8, 12) and sample.metainfo['img_id'] == 'a'


def test_training_and_plain_inference_samples_have_no_box_but_the_fields():
    for more in (dict(gt_label=3), dict()):
        sample = PackLocalizationInputs()(results(**more))['data_samples']
        for field in (sample.gt_instances, sample.ignored_instances):
            assert field.bboxes.shape == (0, 4) and field.labels.shape == (0,)
        assert ('gt_label' in sample) == ('gt_label' in more)
        assert 'instances' not in sample.metainfo


def test_matrix_is_required():
    bare = results()
    del bare['homography_matrix']
    with pytest.raises(ValueError, match=r"'a.jpg' has no homography_matrix.*sltnet_mm.ResizeCrop"):
        PackLocalizationInputs()(bare)
    with pytest.raises(ValueError, match='invertible 3 x 3'):
        PackLocalizationInputs()(results(homography_matrix=np.zeros((3, 3))))
    with pytest.raises(ValueError, match='invertible 3 x 3'):
        PackLocalizationInputs()(results(homography_matrix=np.full((3, 3), np.nan)))
    with pytest.raises(ValueError, match='meta_keys must contain'):
        PackLocalizationInputs(meta_keys=('img_id',))


def test_unrecorded_change_of_the_image_is_rejected():
    done = ResizeCrop(4)(results())
    done['img'] = done['img'][:3]
    with pytest.raises(ValueError, match=r"'a.jpg' has shape \(3, 4\), but img_shape is \(4, 4\)"):
        PackLocalizationInputs()(done)


def test_chosen_meta_keys():
    packed = PackLocalizationInputs(meta_keys=('homography_matrix', 'img_path'))(results())
    assert set(packed['data_samples'].metainfo) == {'homography_matrix', 'img_path'}
