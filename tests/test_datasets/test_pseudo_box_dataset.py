"""PseudoBoxDataset: boxes move with the images, and files of other data are refused."""

import numpy as np
import pytest
import torch
from config_runs import LOADERS, config_of, shrink, train_and_test, with_random_weights
from layouts import write_image
from mmdet.registry import DATASETS
from mmengine.dataset import DefaultSampler
from small_data import IMAGES, LAYOUTS

from sltnet_mm.config import unwrapped
from sltnet_mm.datasets import BadImageError, PseudoBoxDataset, SyntheticLocalization
from sltnet_mm.models import SingleBoxHead
from sltnet_mm.structures.box_file import BoxRecord, to_coco, write_box_file
from sltnet_mm.structures.frames import boxes_to_original

META = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')


def pipeline(**view):
    return [
        dict(type='mmcv.LoadImageFromFile'),
        dict(type='mmdet.LoadAnnotations', with_bbox=True),
        dict(dict(type='sltnet_mm.ResizeCrop', resize=32), **view),
        dict(type='mmdet.PackDetInputs', meta_keys=META),
    ]


CROP = dict(resize=32, crop=24, mode='random', flip_prob=0.5)
BOX = (6.0, 3.0, 24.0, 15.0)


def write_boxes(path, names=('images/001.Albatross/a 1.jpg', 'images/002.Wren/b.jpg', 'images/001.Albatross/d.jpg'),
                labels=(0, 1, 0), boxes=(BOX, None, (0.0, 0.0, 30.0, 20.0)), size=(30, 20), classes=None):  # fmt: skip
    records = [
        BoxRecord(i, name, size, label, box)
        for i, (name, label, box) in enumerate(zip(names, labels, boxes, strict=True))
    ]
    write_box_file(path, to_coco(dict(dataset=dict(type='CUB')), records, classes or ('001.Albatross', '002.Wren')))
    return str(path)


@pytest.fixture
def cub(cub_root):
    return dict(type='sltnet_mm.CUBLocalization', data_root=str(cub_root), split='train', pipeline=[])


def test_boxes_come_from_the_file(cub, tmp_path):
    dataset = PseudoBoxDataset(cub, write_boxes(tmp_path / 'boxes.json'), pipeline())
    assert [info['instances'] for info in (dataset.get_data_info(i) for i in range(3))] == [
        [dict(bbox=list(BOX), bbox_label=0, ignore_flag=0)],
        [],
        [dict(bbox=[0, 0, 30, 20], bbox_label=0, ignore_flag=0)],
    ]
    assert dataset.get_cat_ids(1) == [1] and dataset.metainfo['classes'] == ('001.Albatross', '002.Wren')
    sample = dataset[0]['data_samples']
    torch.testing.assert_close(
        sample.gt_instances.bboxes.tensor, torch.tensor([[6 * 32 / 30, 3 * 32 / 20, 24 * 32 / 30, 15 * 32 / 20]])
    )
    assert len(dataset[1]['data_samples'].gt_instances) == 0


def test_round_trip_through_crop_and_flip(cub, tmp_path):
    dataset = PseudoBoxDataset(cub, write_boxes(tmp_path / 'boxes.json'), pipeline(**CROP))
    np.random.seed(0)
    flipped, cut = set(), set()
    for _ in range(60):
        sample = dataset[0]['data_samples']
        box = sample.gt_instances.bboxes.tensor
        inside = (box[:, 0] > 0) & (box[:, 1] > 0) & (box[:, 2] < 24) & (box[:, 3] < 24)
        back = boxes_to_original(box, [sample.metainfo])[0]
        if inside:
            torch.testing.assert_close(back, torch.tensor(BOX), atol=1e-4, rtol=0)
        assert (back[:2] >= torch.tensor(BOX[:2]) - 1e-4).all() and (back[2:] <= torch.tensor(BOX[2:]) + 1e-4).all()
        flipped.add(sample.flip)
        cut.add(bool(inside))
    assert flipped == cut == {True, False}


def test_the_pixels_move_as_the_boxes_do(cub, tmp_path):
    """The box of a bright rectangle is the bright rectangle, whatever the view."""
    image = np.zeros((20, 30, 3), np.uint8)
    image[4:16, 6:24] = 255
    import cv2

    cv2.imwrite(str(tmp_path / 'CUB_200_2011/images/001.Albatross/a 1.jpg'), image)
    boxes = write_boxes(tmp_path / 'boxes.json', boxes=((6.0, 4.0, 24.0, 16.0), None, None))
    dataset = PseudoBoxDataset(cub, boxes, pipeline(resize=120, crop=90, mode='random', flip_prob=0.5))
    np.random.seed(1)
    for _ in range(10):
        item = dataset[0]
        ys, xs = torch.nonzero(item['inputs'][0] > 127, as_tuple=True)
        seen = [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1]
        assert item['data_samples'].gt_instances.bboxes.tensor[0].tolist() == pytest.approx(seen, abs=1.5)


def test_a_box_that_is_cropped_away_has_weight_zero(cub, tmp_path):
    boxes = write_boxes(tmp_path / 'boxes.json', boxes=((0.0, 0.0, 2.0, 2.0), BOX, BOX))
    dataset = PseudoBoxDataset(cub, boxes, pipeline(resize=32, crop=24, mode='center'))
    samples = [dataset[i]['data_samples'] for i in range(3)]
    assert [len(sample.gt_instances) for sample in samples] == [0, 1, 1]
    head, features = SingleBoxHead(8, downsample=8, input_size=24), torch.rand(3, 8, 3, 3)
    kept = head.loss((features[1:],), samples[1:])['loss_bbox']
    torch.testing.assert_close(head.loss((features,), samples)['loss_bbox'], kept * 2 / 3)
    assert head.statistics['images_without_pseudo_box'] == 1


def test_gives_what_mmdets_coco_data_set_gives(cub, tmp_path):
    boxes = write_boxes(tmp_path / 'boxes.json')
    ours = PseudoBoxDataset(cub, boxes, pipeline(**CROP))
    coco = DATASETS.build(
        dict(
            type='mmdet.CocoDataset',
            ann_file=boxes,
            data_prefix=dict(img=cub['data_root']),
            metainfo=dict(classes=('001.Albatross', '002.Wren')),
            pipeline=pipeline(**CROP),
        )
    )
    for index in range(3):
        items = []
        for dataset in (ours, coco):
            np.random.seed(5)
            items.append(dataset[index])
        torch.testing.assert_close(items[0]['inputs'], items[1]['inputs'])
        a, b = (item['data_samples'].gt_instances for item in items)
        torch.testing.assert_close(a.bboxes.tensor, b.bboxes.tensor)
        assert a.labels.tolist() == b.labels.tolist()


def test_subset_of_the_images_can_be_trained_on(tmp_path):
    images = SyntheticLocalization(num_images=24)
    names = [images[i]['img_path'] for i in range(24)]
    records = [BoxRecord(i, name, (64, 64), i % 12, (1.0, 2.0, 30.0, 40.0 + i)) for i, name in enumerate(names)]
    write_box_file(tmp_path / 'boxes.json', to_coco({}, records, images.metainfo['classes']))
    part = dict(type='sltnet_mm.SyntheticLocalization', indices=[20, 3], num_images=24)
    dataset = PseudoBoxDataset(part, str(tmp_path / 'boxes.json'), pipeline())
    assert [dataset.get_data_info(i)['instances'][0]['bbox'][3] for i in range(2)] == [60, 43]
    assert len(list(DefaultSampler(dataset))) == len(dataset) == 2


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(names=('x/a.jpg', 'images/002.Wren/b.jpg', 'x/d.jpg')),
            '2 of the 3 images of CUB.* are not in this file',
        ),
        (
            dict(labels=(1, 1, 0)),
            "1 of the 3 images .* another label in this file, such as .'images/001.Albatross/a 1.jpg'",
        ),
        (dict(classes=('001.Albatross', '002.Gull')), 'Use the file of this data set'),
        (dict(classes=('001.Albatross',)), 'pseudo boxes of 1 classes .* has 2'),
    ],
)
def test_boxes_of_other_data_are_refused(cub, tmp_path, changes, message):
    with pytest.raises(ValueError, match=f'boxes.json: .*{message}'):
        PseudoBoxDataset(cub, write_boxes(tmp_path / 'boxes.json', **changes), pipeline())


def test_images_of_another_size_are_refused(cub, tmp_path):
    dataset = PseudoBoxDataset(cub, write_boxes(tmp_path / 'boxes.json', size=(60, 40)), pipeline())
    with pytest.raises(
        ValueError, match=r'a 1.jpg has .* \(20, 30\), but its pseudo box was made for \(40, 60\). .*boxes'
    ):
        dataset[0]


def test_bad_images_and_pipelines(cub, cub_root, tmp_path):
    boxes = write_boxes(tmp_path / 'boxes.json')
    (cub_root / 'images/002.Wren/b.jpg').write_bytes(b'no image')
    with pytest.raises(BadImageError, match='b.jpg'):
        PseudoBoxDataset(cub, boxes, pipeline())[1]
    with pytest.raises(ValueError, match='RandomResizedCrop'):
        PseudoBoxDataset(cub, boxes, [dict(type='mmpretrain.RandomResizedCrop', scale=24)])
    with pytest.raises(ValueError, match='config of a data set'):
        PseudoBoxDataset(dict(data_root=''), boxes)
    write_image(cub_root / 'images/002.Wren/b.jpg')
    path = cub_root / 'images/001.Albatross/a 1.jpg'
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadImageError, match='a 1.jpg.* is truncated'):  # whatever the decoder makes of it
        PseudoBoxDataset(cub, boxes, [lambda info: dict(inputs=0)])[0]
    refusing = [*pipeline()[:2], dict(type='mmdet.RandomCrop', crop_size=(2, 2)), *pipeline()[2:]]
    with pytest.raises(RuntimeError, match='allow_negative_crop'):
        PseudoBoxDataset(dict(cub, indices=[1]), boxes, refusing, max_refetch=2)[0]


def test_the_config_of_photos31_trains(tmp_path):
    cfg = shrink(config_of('regressor_squeezenet1-1_1xb16-4e_photos31'), tmp_path / 'run')
    with_random_weights(cfg.model, tmp_path)
    LAYOUTS['photos31'](tmp_path / 'data')
    for name in LOADERS:
        unwrapped(cfg[name].dataset).data_root = str(tmp_path / 'data')
    names, labels = [f'images/{path}' for path in IMAGES], [int(path[:3]) - 1 for path in IMAGES]
    classes, boxes = cfg.train_dataloader.dataset.dataset.classes, [(10, 20, 60, 60)] * 11 + [None]
    cfg.train_dataloader.dataset.boxes = write_boxes(
        tmp_path / 'boxes.json', names, labels, boxes, size=(120, 90), classes=classes
    )
    outcome = train_and_test(cfg)
    assert set(outcome['losses']) == {'train/loss', 'train/loss_bbox'}
    assert 0 <= outcome['metrics']['box/sltnet/gt_known'] <= 100
