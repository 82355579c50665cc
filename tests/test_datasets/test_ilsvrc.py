"""ILSVRC: splits, classes, boxes, ImageNetV2, the cached lists, and every way in which the layout can be wrong."""

import os
import pickle
import shutil
import tracemalloc

import numpy as np
import pytest
from layouts import box_xml, settle, write_ilsvrc, write_image, write_imagenetv2, write_lines, write_text

from sltnet_mm.datasets import ILSVRCLocalization, ilsvrc
from sltnet_mm.datasets.box_xml import read_box_xml


@pytest.fixture
def root(tmp_path):
    write_ilsvrc(tmp_path)
    settle(tmp_path)
    return tmp_path


@pytest.fixture
def pipeline(pipeline):
    pipeline[0]['color_type'] = 'color_ignore_orientation'
    return pipeline


def infos(dataset) -> list[dict]:
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def box(x1, y1, x2, y2, label, ignore=0) -> dict:
    return dict(bbox=[x1, y1, x2, y2], bbox_label=label, ignore_flag=ignore)


TEST_BOXES = [
    [box(1, 2, 11, 12, 1), box(0, 0, 5, 5, 0, ignore=1), box(15, 2, 29, 19, 1)],
    [box(0, 0, 30, 20, 0)],
    [box(3, 4, 9, 10, 1)],
]


def test_train(root):
    dataset = ILSVRCLocalization(str(root))
    assert dataset.metainfo['classes'] == ('n01', 'n02')
    assert [(i['img_id'], i['gt_label']) for i in infos(dataset)] == [
        ('n01/n01_1.JPEG', 0),
        ('n01/n01_10.JPEG', 0),
        ('n01/n01_2.JPEG', 0),
        ('n02/n02_5.JPEG', 1),
        ('n02/n02_7.JPEG', 1),
    ]
    assert dataset.get_data_info(3) == dict(
        img_path=str(root / 'train/n02/n02_5.JPEG'), img_id='n02/n02_5.JPEG', gt_label=1, sample_idx=3
    )
    assert dataset.get_data_info(-1)['sample_idx'] == 4 and dataset.get_cat_ids(3) == [1]


def test_hidden_files_are_ignored(root):
    listed = infos(ILSVRCLocalization(str(root), cache_dir=None))
    for name in ('train/._n03.tar', 'train/.cache/x', 'train/n01/._n01_1.JPEG', 'train/n02/Thumbs.db'):
        write_text(root / name, 'x')
    assert infos(ILSVRCLocalization(str(root), cache_dir=None)) == listed


@pytest.mark.parametrize('flat', [True, False])
def test_test_split(tmp_path, flat, pipeline):
    write_ilsvrc(tmp_path, flat)
    shutil.rmtree(tmp_path / 'train/n01')
    write_image(tmp_path / 'train/n01/x.JPEG')
    dataset = ILSVRCLocalization(str(tmp_path), split='test', pipeline=pipeline)
    by_id = {os.path.basename(i['img_id']): i for i in infos(dataset)}
    assert [by_id[f'ILSVRC2012_val_{n:08d}.JPEG']['instances'] for n in (1, 2, 3)] == TEST_BOXES
    assert [by_id[f'ILSVRC2012_val_{n:08d}.JPEG']['gt_label'] for n in (1, 2, 3)] == [1, 0, 1]
    index = next(i for i, info in enumerate(infos(dataset)) if info['img_id'].endswith('01.JPEG'))
    sample = dataset[index]['data_samples']
    assert sample.gt_instances.bboxes.tolist() == [[1, 2, 11, 12], [15, 2, 29, 19]]
    assert sample.gt_instances.labels.tolist() == [1, 1] and sample.ignored_instances.labels.tolist() == [0]
    shutil.rmtree(tmp_path / 'train')  # evaluation alone
    alone = ILSVRCLocalization(str(tmp_path), split='test')
    assert alone.metainfo['classes'] == ('n01', 'n02') and len(alone) == 3


@pytest.mark.parametrize('hashed', [True, False])
def test_imagenetv2(root, hashed):
    write_imagenetv2(root, hashed, hashed)
    first, second = infos(ILSVRCLocalization(str(root), split='val'))
    assert os.path.isfile(first['img_path']) and (first['gt_label'], second['gt_label']) == (0, 1)
    assert first['instances'] == [box(1, 2, 11, 12, 0), box(3, 3, 9, 9, 0)]


@pytest.mark.parametrize(('hashed', 'words'), [(True, 'current edition'), (False, 'first edition')])
def test_imagenetv2_renamed(root, hashed, words):
    write_imagenetv2(root, hashed, not hashed)
    with pytest.raises(
        ValueError, match=rf'image_ids.txt and the images are of different editions of ImageNetV2.*{words}.*prepare_'
    ):
        ILSVRCLocalization(str(root), split='val')


def test_imagenetv2_absent(root):
    with pytest.raises(FileNotFoundError, match="split 'val' is ImageNetV2.*metadata/ILSVRC/val.*prepare_imagenetv2"):
        ILSVRCLocalization(str(root), split='val')


def counting(monkeypatch, name) -> list:
    calls, original = [], getattr(ilsvrc, name)
    monkeypatch.setattr(ilsvrc, name, lambda *args: calls.append(args) or original(*args))
    return calls


def test_train_list_is_cached_and_checked(root, monkeypatch):
    calls = counting(monkeypatch, 'images_by_class')
    first = infos(ILSVRCLocalization(str(root)))
    assert len(calls) == 1 and (root / '.sltnet_mm/ilsvrc_train.npz').is_file()
    assert infos(ILSVRCLocalization(str(root))) == first and len(calls) == 1
    moved = root.parent / f'{root.name}_moved'
    shutil.copytree(root, moved, copy_function=shutil.copy2)  # keeps the times
    assert infos(ILSVRCLocalization(str(moved)))[0]['img_path'] == str(moved / 'train/n01/n01_1.JPEG')
    assert len(calls) == 1
    shutil.rmtree(moved)
    write_image(root / 'train/n01/n01_3.JPEG')
    assert len(ILSVRCLocalization(str(root))) == 6 and len(calls) == 2
    (root / 'train/n02/n02_5.JPEG').rename(root / 'train/n02/n02_6.JPEG')
    assert infos(ILSVRCLocalization(str(root)))[-2]['img_id'] == 'n02/n02_6.JPEG'
    write_image(root / 'train/n03/n03_1.JPEG')
    assert ILSVRCLocalization(str(root)).metainfo['classes'] == ('n01', 'n02', 'n03')
    assert (
        ILSVRCLocalization(str(root), cache_dir=None, classes=['n03', 'n02', 'n01'])
        .get_data_info(0)['img_id']
        .startswith('n03/')
    )


def test_list_of_recently_changed_folders_is_not_cached(root):
    (root / 'train/n01/n01_2.JPEG').unlink()  # another change now could leave the same time stamp
    assert len(ILSVRCLocalization(str(root))) == 4
    assert not (root / '.sltnet_mm').exists()


def test_list_without_times_is_not_cached(root):
    """Some mounts of object stores say 0 for every folder: a change could not be seen."""
    settle(root, then=0)
    assert len(ILSVRCLocalization(str(root))) == 5
    assert not (root / '.sltnet_mm').exists()


def test_test_list_is_cached_and_checked(root, monkeypatch):
    calls = counting(monkeypatch, 'read_box_xml')
    assert [i['instances'] for i in infos(ILSVRCLocalization(str(root), split='test'))] == TEST_BOXES
    assert [i['instances'] for i in infos(ILSVRCLocalization(str(root), split='test'))] == TEST_BOXES
    assert len(calls) == 3
    path = root / 'annotations/val/ILSVRC2012_val_00000003.xml'
    write_text(path, box_xml([('n02', 3, 4, 9, 11)]))  # one digit more in the file
    assert infos(ILSVRCLocalization(str(root), split='test'))[2]['instances'] == [box(3, 4, 9, 11, 1)]
    assert len(calls) == 6


def test_changed_labels_and_classes_update_the_cached_list(root):
    assert [i['gt_label'] for i in infos(ILSVRCLocalization(str(root), split='test'))] == [1, 0, 1]
    other_order = ILSVRCLocalization(str(root), split='test', classes=['n02', 'n01'])
    assert [i['gt_label'] for i in infos(other_order)] == [0, 1, 0]
    assert [i['gt_label'] for i in infos(ILSVRCLocalization(str(root), split='test'))] == [1, 0, 1]
    settle(root)
    assert len(ILSVRCLocalization(str(root), split='test')) == 3  # kept
    labels = {1: 'n01', 2: 'n01', 3: 'n02'}  # the first image has boxes of both; its file is as it was
    write_lines(root / 'val_labels.txt', *(f'ILSVRC2012_val_{n:08d}.JPEG {name}' for n, name in labels.items()))
    first = ILSVRCLocalization(str(root), split='test').get_data_info(0)
    assert first['gt_label'] == 0 and [i['ignore_flag'] for i in first['instances']] == [1, 0, 1]


@pytest.mark.parametrize('damage', ['cut', 'garbage', 'older'])
def test_damaged_list_is_rebuilt(root, damage, caplog):
    first = infos(ILSVRCLocalization(str(root)))
    path = root / '.sltnet_mm/ilsvrc_train.npz'
    content = path.read_bytes()
    if damage == 'older':
        with np.load(path) as file:
            np.savez(path, **{key: file[key] for key in file if key != 'labels'} | dict(labels=np.zeros(5, np.int32)))
        path.write_bytes(path.read_bytes().replace(b'fingerprint', b'fingerprinx'))
    else:
        path.write_bytes(content[: len(content) // 2] if damage == 'cut' else b'nonsense')
    assert infos(ILSVRCLocalization(str(root))) == first
    assert path.read_bytes() == content


def test_list_is_used_if_it_cannot_be_cached(root):
    write_text(root / '.sltnet_mm', 'a file where the folder should be')
    assert len(ILSVRCLocalization(str(root))) == 5


def test_subsets_workers_and_bad_images(root, pipeline):
    dataset = ILSVRCLocalization(str(root), indices=[4, 0])
    assert [i['img_id'] for i in infos(dataset)] == ['n02/n02_7.JPEG', 'n01/n01_1.JPEG']
    assert [i['img_id'] for i in infos(dataset.get_subset([1]))] == ['n01/n01_1.JPEG']
    assert len(ILSVRCLocalization(str(root), indices=2)) == len(ILSVRCLocalization(str(root), indices=-2)) == 2
    test = ILSVRCLocalization(str(root), split='test', pipeline=pipeline)
    assert infos(test.get_subset([2, 0]))[1]['instances'] == TEST_BOXES[0]
    copy = pickle.loads(pickle.dumps(test))  # as it goes to spawned workers
    assert infos(copy) == infos(test) and copy[0]['inputs'].shape == (3, 16, 16)
    (root / 'val/ILSVRC2012_val_00000001.JPEG').write_bytes(b'')
    skipped = ILSVRCLocalization(str(root), split='test', on_bad_image='skip')
    assert [i['instances'] for i in infos(skipped)] == TEST_BOXES[1:]


def test_memory_of_many_records(monkeypatch, root):
    """The full training set takes 1.28 million times as much."""
    names = [(f'n01/n01_{i}.JPEG', 0) for i in range(20000)]
    monkeypatch.setattr(ilsvrc, 'images_by_class', lambda *args: iter(names))
    tracemalloc.start()
    dataset = ILSVRCLocalization(str(root), cache_dir=None)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(dataset) == 20000 and held / 20000 < 40  # 12 of the arrays, 20 of the name


@pytest.mark.parametrize(
    ('change', 'split', 'words'),
    [
        (lambda r: shutil.rmtree(r / 'train'), 'train', "Image folder '.*/train' does not exist"),
        (
            lambda r: write_text(r / 'train/n03.tar', 'x'),
            'train',
            r"train/n03.tar' is an archive: .*only partly unpacked",
        ),
        (lambda r: write_text(r / 'train/n01/n01.tar', 'x'), 'train', r"n01/n01.tar' is an archive"),
        (lambda r: write_text(r / 'train/n01/a.JPEG.part', 'x'), 'train', r"a.JPEG.part' is an archive"),
        (lambda r: write_text(r / 'train/n01/notes.txt', 'x'), 'train', r"n01/notes.txt' is not an image"),
        (
            lambda r: os.mkdir(r / 'train/n03'),
            'train',
            r"Class folder '.*/train/n03' contains no images.*only partly unpacked",
        ),
        (
            lambda r: shutil.rmtree(r / 'train/n02'),
            'test',
            r"different classes: only in .*/val: 'n02' \(1 in all\)",
        ),
        (lambda r: write_image(r / 'train/n03/a.JPEG'), 'test', r"only in the training classes: 'n03' \(1 in all\)"),
        (lambda r: shutil.rmtree(r / 'val'), 'test', "Image folder '.*/val' does not exist"),
        (lambda r: os.remove(r / 'val_labels.txt'), 'test', "val_labels.txt', does not exist.*prepare_ilsvrc.py"),
        (lambda r: shutil.rmtree(r / 'annotations'), 'test', "Box folder '.*annotations/val' does not exist"),
        (
            lambda r: os.remove(r / 'val/ILSVRC2012_val_00000002.JPEG'),
            'test',
            '1 images are in .*val_labels.*00002.JPEG',
        ),
        (lambda r: write_image(r / 'val/ILSVRC2012_val_00000009.JPEG'), 'test', '1 images are in .*/val.*00009.JPEG'),
        (
            lambda r: os.remove(r / 'annotations/val/ILSVRC2012_val_00000002.xml'),
            'test',
            "Box file '.*val_00000002.xml' of image 'ILSVRC2012_val_00000002.JPEG' does not exist",
        ),
    ],
)
def test_wrong_layouts(root, change, split, words):
    change(root)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        ILSVRCLocalization(str(root), split=split)


GOOD = box_xml([('n01', 0, 0, 30, 20)])


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        (box_xml([]), 'no object'),
        (GOOD[: len(GOOD) // 2], 'not a valid XML file'),
        ('', 'not a valid XML file'),
        (box_xml([('n02', 0, 0, 5, 5)]), r"has no box of its class n01, only of \['n02'\]"),
        (box_xml([('n01', 9, 0, 5, 5)]), 'xmin=9 ymin=0 xmax=5 ymax=5 is inverted'),
        (box_xml([('n01', 0, 5, 5, 5)]), 'inverted or has no area'),
        (box_xml([('n01', 0, 0, 32, 20)]), 'extends beyond the image of width 30 and height 20'),
        (box_xml([('n01', 0, 0, 5, 22)]), 'extends beyond the image'),
        (box_xml([('n01', -2, 0, 5, 5)]), 'extends beyond the image'),
        (box_xml([('n01', 0, 0, 'five', 5)]), "xmax must be a number, got 'five'"),
        (box_xml([('n01', 0, 0, 'nan', 5)]), 'xmax must be a number'),
        (box_xml([('', 0, 0, 5, 5)]), 'every object must have a name'),
        (GOOD.replace('<width>30</width>', ''), 'width must be a number, got None'),
        (GOOD.replace('bndbox', 'box'), 'xmin must be a number'),
    ],
)
def test_bad_xml(root, text, words):
    path = root / 'annotations/val/ILSVRC2012_val_00000002.xml'
    write_text(path, text)
    with pytest.raises(ValueError, match=f'ILSVRC2012_val_00000002.xml: .*{words}'):
        ILSVRCLocalization(str(root), split='test')


def test_xml_may_count_from_one(tmp_path):
    write_text(tmp_path / 'a.xml', box_xml([('n01', 1, 1, 30, 20), ('n01', 0, 0, 31, 21)]))
    assert read_box_xml(str(tmp_path / 'a.xml')).boxes == ((1, 1, 30, 20), (0, 0, 31, 21))
