"""The file of pseudo boxes: COCO layout, round trip through mmdet, and what the reader refuses."""

import json

import numpy as np
import pytest

from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.structures.box_file import (
    BoxRecord,
    dataset_identity,
    file_name_of,
    read_box_file,
    to_coco,
    write_box_file,
)

RECORDS = [
    BoxRecord(2, 'b/c.jpg', (30, 20), 1, (1.5, 2.0, 29.0, 20.0), 0.25),
    BoxRecord(0, 'a.jpg', (64, 48), 0, (0.1234567, 0.0, 10.7654321, 48.0), 0.123456789),
    BoxRecord(1, 'b.jpg', (8, 9), 1, None),
]


@pytest.fixture
def boxes(tmp_path):
    coco = to_coco(dict(source='localizer'), RECORDS, ('cat', 'dog'))
    write_box_file(tmp_path / 'deep' / 'boxes.json', coco)
    return tmp_path / 'deep' / 'boxes.json'


def test_round_trip_in_the_order_of_the_data_set(boxes):
    file = read_box_file(boxes)
    assert list(file.rows) == ['a.jpg', 'b.jpg', 'b/c.jpg'] and file.classes == ('cat', 'dog')
    assert file.sizes.tolist() == [[64, 48], [8, 9], [30, 20]]
    np.testing.assert_allclose(file.boxes[[0, 2]], [[0.123, 0, 10.765, 48], [1.5, 2, 29, 20]], atol=1e-5)
    assert np.isnan(file.boxes[1]).all() and file.labels.tolist() == [0, -1, 1]
    assert file.info['images_without_box'] == ['b.jpg'] and file.info['source'] == 'localizer'


def test_is_what_mmdet_reads(boxes):
    from mmdet.datasets import CocoDataset

    dataset = CocoDataset(
        ann_file=str(boxes), data_root='', data_prefix=dict(img='data/x'), metainfo=dict(classes=('cat', 'dog'))
    )
    infos = [dataset.get_data_info(i) for i in range(3)]
    assert [info['img_path'] for info in infos] == ['data/x/a.jpg', 'data/x/b.jpg', 'data/x/b/c.jpg']
    assert [len(info['instances']) for info in infos] == [1, 0, 1]
    assert infos[2]['instances'][0]['bbox'] == [1.5, 2, 29, 20] and infos[2]['instances'][0]['bbox_label'] == 1


def test_names_are_relative_to_the_data_root():
    assert file_name_of('/data/cub/images/a.jpg', '/data/cub/') == 'images/a.jpg'
    assert file_name_of('/data/cub/images/a.jpg', '/data/cub') == 'images/a.jpg'
    assert file_name_of('/data/cub2/a.jpg', '/data/cub') == '/data/cub2/a.jpg'
    assert file_name_of('/data/cub2/a.jpg', None) == '/data/cub2/a.jpg'


def test_identity_tells_data_sets_apart():
    identities = [
        dataset_identity(SyntheticLocalization(**settings))
        for settings in (dict(num_images=4), dict(num_images=4, seed=1), dict(num_images=5), dict(num_images=4))
    ]
    assert identities[0] == identities[3]
    assert len({identity['sha256'] for identity in identities}) == 3
    assert identities[0]['split'] == 'train' and identities[0]['images'] == 4


def change(path, **changes):
    coco = json.loads(path.read_text())
    for key, value in changes.items():
        coco[key] = value(coco[key])
    path.write_text(json.dumps(coco))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(info=lambda info: dict(info, format_version=0)),
            'format version 0, but .* reads 1: write the file again',
        ),
        (dict(info=lambda info: {}), 'format version None'),
        (dict(annotations=lambda boxes: boxes + [dict(boxes[0], id=9)]), "several boxes for 'a.jpg'"),
        (dict(annotations=lambda boxes: [dict(boxes[0], image_id=7)]), 'image id 7, which is not among'),
        (dict(annotations=lambda boxes: [dict(boxes[0], bbox=[1, 2, 0, 4])]), "box of 'a.jpg' must be x, y, w, h"),
        (dict(annotations=lambda boxes: [dict(boxes[0], bbox=[1, 2, float('nan'), 4])]), "box of 'a.jpg'"),
        (dict(annotations=lambda boxes: [dict(boxes[0], bbox=[1, 2, 3])]), r'must be x, y, w, h, got \[1, 2, 3\]'),
        (dict(annotations=lambda boxes: [dict(boxes[0], bbox=[1, 2, 3, 4] * 2)]), 'must be x, y, w, h, got'),
        (dict(annotations=lambda boxes: [dict(image_id=0)]), "not a file of pseudo boxes .*KeyError: 'bbox'"),
        (dict(annotations=lambda boxes: [dict(boxes[0], category_id=2)]), 'label outside the 2 categories'),
        (dict(annotations=lambda boxes: [dict(boxes[0], category_id=-1)]), 'label outside the 2 categories'),
        (dict(categories=lambda all: [dict(each, id=each['id'] + 1) for each in all]), 'categories must be 0, 1, 2'),
        (dict(images=lambda images: images + [dict(id=7, file_name='z')]), 'not a file of pseudo boxes'),
        (dict(images=lambda images: images + [dict(images[0], id=9)]), 'an image occurs twice'),
        (dict(images=lambda images: images + [dict(images[0], file_name='z')]), 'an image occurs twice'),
    ],
)
def test_refused(boxes, changes, message):
    change(boxes, **changes)
    with pytest.raises(ValueError, match=f'boxes.json: .*{message}'):
        read_box_file(boxes)


@pytest.mark.parametrize(
    ('content', 'kind'),
    [
        ('', 'a JSON file'),
        ('\x00', 'a JSON file'),
        ('[]', 'a file of pseudo boxes'),
        ('{"images": []}', 'a file of pseudo boxes'),
    ],
)
def test_other_files_are_refused(tmp_path, content, kind):
    (tmp_path / 'other.json').write_text(content)
    with pytest.raises(ValueError, match=f'other.json: not {kind}'):
        read_box_file(tmp_path / 'other.json')
    with pytest.raises(FileNotFoundError, match='generate_pseudo_boxes.py'):
        read_box_file(tmp_path / 'none.json')
