"""Round trips between original image and network input."""

import numpy as np
import pytest
import torch

from sltnet_mm.structures.frames import boxes_to_original, input_to_original


def run(transforms, image):
    results = dict(
        img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2], height=image.shape[0], width=image.shape[1]
    )
    for transform in transforms:
        results = transform(results)
    return results


@pytest.mark.parametrize('seed', range(5))
def test_a_dot_is_found_back_after_mmdets_resize_and_crop(seed):
    from mmdet.datasets.transforms import RandomCrop, Resize

    np.random.seed(seed)
    image = np.zeros((251, 333, 3), np.uint8)
    y, x = np.random.randint(90, 160, 2)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    results = run([Resize(scale=(300, 280), keep_ratio=False), RandomCrop((230, 240))], image)
    rows, columns = np.nonzero(results['img'].sum(2) > 380)
    box = torch.tensor([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]).float()
    found = boxes_to_original(box, [results])[0]
    assert (found - torch.tensor([x - 2.0, y - 2, x + 3, y + 3])).abs().max() < 1.2  # one pixel of the resized image


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_a_flip_is_undone(direction):
    from mmdet.datasets.transforms import RandomFlip, Resize

    image = np.zeros((40, 60, 3), np.uint8)
    results = run([Resize(scale=(30, 20), keep_ratio=False), RandomFlip(prob=1.0, direction=direction)], image)
    assert results['flip']
    x1, y1, x2, y2 = 6.0, 4.0, 18.0, 16.0  # twice the box of the network input
    if direction != 'vertical':
        x1, x2 = 60 - x2, 60 - x1
    if direction != 'horizontal':
        y1, y2 = 40 - y2, 40 - y1
    found = boxes_to_original(torch.tensor([[3.0, 2.0, 9.0, 8.0]]), [results])
    torch.testing.assert_close(found, torch.tensor([[x1, y1, x2, y2]]))


def test_boxes_are_clipped_to_their_own_image():
    metas = [dict(homography_matrix=np.eye(3), ori_shape=shape) for shape in ((10, 20), (30, 5))]
    boxes = boxes_to_original(torch.tensor([[-5.0, -5.0, 50.0, 50.0]] * 2), metas)
    assert boxes.tolist() == [[0, 0, 20, 10], [0, 0, 5, 30]]


def test_a_missing_record_names_the_image():
    with pytest.raises(KeyError, match="'homography_matrix' is not in the metainfo of a.jpg"):
        input_to_original(dict(img_path='a.jpg', ori_shape=(4, 4)))
    with pytest.raises(ValueError, match='got 1 boxes and 0 metainfos'):
        boxes_to_original(torch.zeros(1, 4), [])
