"""Ground-truth boxes as COCO json: the content, the same boxes read by mmdet, and AP 1 for the ground truth itself."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from sltnet_mm.datasets import LocalizationCSV, LocalizationList, PseudoBoxDataset
from sltnet_mm.datasets.coco_export import build_with_boxes, gt_boxes_as_coco
from sltnet_mm.datasets.orientation import image_size
from sltnet_mm.structures.box_file import write_box_file

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/localization_to_coco.py'


@pytest.fixture
def lists(tmp_path) -> dict:
    """Config of wsolevaluation's lists: one training image with a box, two test images, one of them with two boxes."""
    root = tmp_path / 'wsol'
    for name, shape in (('x/a.jpg', (20, 30)), ('x/b.jpg', (20, 30)), ('y/c,1.png', (40, 10))):
        (root / 'images' / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / 'images' / name), np.zeros((*shape, 3), np.uint8))
    files = dict(
        weaksup=('x/a.jpg\n', 'x/a.jpg,1\n', 'x/a.jpg,0,0,5,5\n'),
        test=(
            'x/b.jpg\ny/c,1.png\n',
            'x/b.jpg,0\ny/c,1.png,1\n',
            'x/b.jpg,1,2,11,12\ny/c,1.png,0,0,10,40\nx/b.jpg,15,2,20.5,9\n',
        ),
    )
    for folder, contents in files.items():
        (root / 'lists' / folder).mkdir(parents=True)
        for name, content in zip(('image_ids', 'class_labels', 'localization'), contents, strict=True):
            (root / 'lists' / folder / f'{name}.txt').write_text(content)
    return dict(
        type='sltnet_mm.LocalizationList',
        data_root=str(root),
        ann_dir='lists',
        img_dir='images',
        split_dirs=dict(train='weaksup'),
        classes=('cat', 'dog'),
        pipeline=[],
    )


def test_content_of_the_json(lists):
    coco = gt_boxes_as_coco(build_with_boxes(dict(lists, split='test')))
    assert coco['images'] == [
        dict(id=0, file_name='images/x/b.jpg', width=30, height=20),
        dict(id=1, file_name='images/y/c,1.png', width=10, height=40),
    ]
    found = [(box['id'], box['image_id'], box['category_id'], box['bbox'], box['area']) for box in coco['annotations']]
    assert found == [
        (1, 0, 0, [1, 2, 10, 10], 100),
        (2, 0, 0, [15, 2, 5.5, 7], 38.5),
        (3, 1, 1, [0, 0, 10, 40], 400),
    ]
    assert coco['categories'] == [dict(id=0, name='cat'), dict(id=1, name='dog')]
    assert set(coco) == {'info', 'images', 'annotations', 'categories'}


def test_only_lists_provide_training_boxes(lists):
    settings = dict(lists, split='train')
    coco = gt_boxes_as_coco(build_with_boxes(settings))
    assert [box['bbox'] for box in coco['annotations']] == [[0, 0, 5, 5]]
    assert [image['file_name'] for image in coco['images']] == ['images/x/a.jpg']
    assert settings['split'] == 'train' and 'instances' not in LocalizationList(
        **{key: value for key, value in settings.items() if key != 'type'}
    ).get_data_info(0)
    with pytest.raises(ValueError, match='CUBLocalization cannot provide ground-truth boxes of training images'):
        build_with_boxes(dict(type='sltnet_mm.CUBLocalization', split='train'))


def test_a_regressor_trains_on_the_file(lists, tmp_path):
    settings = dict(lists, split='train')
    file = tmp_path / 'true_train.json'
    write_box_file(file, gt_boxes_as_coco(build_with_boxes(settings)))
    sample = PseudoBoxDataset(settings, str(file)).get_data_info(0)
    assert sample['instances'] == [dict(bbox=[0, 0, 5, 5], bbox_label=1, ignore_flag=0)]


def test_a_sample_without_a_box_is_an_error(photographs):
    with pytest.raises(ValueError, match='train/0.png has no ground-truth box'):
        gt_boxes_as_coco(LocalizationCSV(str(photographs), split='train'))


@pytest.mark.parametrize('orientation', range(1, 9))
def test_image_size_is_opencvs_whatever_exif_says(tmp_path, orientation):
    image = Image.new('RGB', (30, 20))
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / 'a.jpg', exif=exif)
    height, width = cv2.imread(str(tmp_path / 'a.jpg')).shape[:2]
    assert image_size(str(tmp_path / 'a.jpg')) == (width, height)
    assert image_size(str(tmp_path / 'a.jpg'), rotated=False) == (30, 20)


def test_mmdet_reads_the_same_boxes_and_the_truth_scores_one(photographs, localizer, tmp_path, run_tool):
    from mmdet.datasets import CocoDataset
    from mmdet.evaluation import CocoMetric

    out = tmp_path / 'true.json'
    arguments = (localizer, '--split', 'test', '--data-root', photographs, '--out', out)
    run_tool(TOOL, *arguments)
    with pytest.raises(SystemExit):
        run_tool(TOOL, *arguments)  # never overwritten unasked
    run_tool(TOOL, *arguments, '--overwrite')

    own = LocalizationCSV(str(photographs), split='test')
    classes = own.metainfo['classes']
    theirs = CocoDataset(
        ann_file=str(out), data_prefix=dict(img=f'{photographs}/'), metainfo=dict(classes=classes), test_mode=True
    )
    metric = CocoMetric(ann_file=str(out), metric='bbox')
    metric.dataset_meta = theirs.metainfo
    assert len(own) == len(theirs) == 6
    for index in range(len(own)):
        mine, read = own.get_data_info(index), theirs.get_data_info(index)
        assert read['img_path'] == mine['img_path'] and (read['width'], read['height']) == (64, 64)
        assert [box['bbox_label'] for box in read['instances']] == [mine['gt_label']]
        np.testing.assert_allclose(read['instances'][0]['bbox'], mine['instances'][0]['bbox'])
        predicted = dict(
            bboxes=torch.tensor([mine['instances'][0]['bbox']]),
            labels=torch.tensor([mine['gt_label']]),
            scores=torch.tensor([0.9]),
        )
        metric.process({}, [dict(img_id=read['img_id'], ori_shape=(64, 64), pred_instances=predicted)])
    assert metric.evaluate(size=6)['coco/bbox_mAP'] == 1
    assert json.loads(out.read_text())['info']['description'] == 'ground-truth boxes'
