"""CUB, lists and CSV: what is read, and every way in which annotations can be wrong."""

from pathlib import Path

import pytest
from layouts import write_lines

from sltnet_mm.datasets import CUBLocalization, LocalizationCSV, LocalizationDataset, LocalizationList


def infos(dataset) -> list[dict]:
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def edit(path: Path, number: int, text: str) -> None:
    """Replace the line ``number`` (from 1); one more appends."""
    lines = path.read_text().splitlines()
    lines[number - 1 : number] = [text]
    write_lines(path, *lines)


def test_cub(cub_root):
    train = CUBLocalization(str(cub_root), 'train')
    assert train.metainfo['classes'] == ('001.Albatross', '002.Wren')
    assert [(i['img_id'], i['gt_label']) for i in infos(train)] == [(1, 0), (2, 1), (4, 0)]
    assert infos(train)[0]['img_path'] == str(cub_root / 'images/001.Albatross/a 1.jpg')
    assert train.test_mode is False and train.get_cat_ids(1) == [1]
    test = CUBLocalization(str(cub_root), 'test')
    assert [i['instances'] for i in infos(test)] == [
        [dict(bbox=[2, 3, 12, 15], bbox_label=0, ignore_flag=0)],
        [dict(bbox=[6.5, 7, 26.5, 11], bbox_label=1, ignore_flag=0)],
    ]
    assert test.test_mode is True


def make_list(root: Path, split: str, **kwargs) -> LocalizationList:
    return LocalizationList(str(root), 'metadata', 'images', split, **kwargs)


def test_list(list_root):
    assert infos(make_list(list_root, 'train', num_classes=2)) == [
        dict(img_path=str(list_root / 'images/x/a.jpg'), img_id='x/a.jpg', gt_label=0, sample_idx=0)
    ]
    test = make_list(list_root, 'test', mask_dir='masks')
    first, second = infos(test)
    assert (first['img_id'], first['gt_label'], second['img_id'], second['gt_label']) == ('x/b.jpg', 0, 'y/c,1.jpg', 1)
    assert [i['bbox'] for i in first['instances']] == [[1, 2, 11, 12], [15, 2, 20, 9]]
    assert second['mask_path'] == str(list_root / 'masks/y/c.png')
    assert test.metainfo['classes'] == ('0', '1')
    assert make_list(list_root, 'test', classes=['wren', 'tit']).metainfo['classes'] == ('wren', 'tit')
    renamed = make_list(list_root, 'val', split_dirs=dict(val='test'))
    assert len(renamed) == 2 and len(infos(renamed)[0]['instances']) == 2


def test_csv(csv_root):
    test = LocalizationCSV(str(csv_root), split='test')
    assert test.metainfo['classes'] == ('albatross', 'wren')
    (info,) = infos(test)
    assert (info['img_id'], info['gt_label']) == ('b.jpg', 1)
    assert [i['bbox'] for i in info['instances']] == [[1, 2, 11, 12.5], [15, 2, 20, 9]]
    train = LocalizationCSV(str(csv_root), split='train')
    assert [(i['img_id'], i['gt_label']) for i in infos(train)] == [('a.jpg', 1), ('d.jpg', 0)]
    chosen = LocalizationCSV(str(csv_root), split='val', classes=['wren', 'tit', 'albatross'])
    assert infos(chosen)[0]['gt_label'] == 2 and infos(chosen)[0]['img_path'] == str(csv_root / 'sub/c.png')
    whole = LocalizationCSV(str(csv_root), str(csv_root / 'annotations.csv'), 'train')
    assert len(whole) == 2


def test_csv_with_a_byte_order_mark_and_without_split(csv_root):
    (csv_root / 'one.csv').write_text('image, label\r\na.jpg, wren\r\n', encoding='utf-8-sig')
    assert [i['img_id'] for i in infos(LocalizationCSV(str(csv_root), 'one.csv'))] == ['a.jpg']


def test_csv_classes_are_sorted_over_all_splits(csv_root):
    names = ['wren', 'Wren', 'tit', 'owl', 'kite', 'auk']
    write_lines(
        csv_root / 'one.csv', 'image,label,split', *(f'{i}.jpg,{n},train' for i, n in enumerate(names)), 'x,ant,test'
    )
    assert LocalizationCSV(str(csv_root), 'one.csv').metainfo['classes'] == tuple(sorted([*names, 'ant']))


@pytest.mark.parametrize('make', ['cub', 'list', 'csv'])
def test_training_never_opens_or_carries_a_box(make, request, pipeline):
    """The files of boxes are gone (the columns are nonsense), and nothing of a box is in what training sees."""
    root = request.getfixturevalue(f'{make}_root')
    if make == 'cub':
        (root / 'bounding_boxes.txt').unlink()
        dataset = CUBLocalization(str(root), 'train', pipeline=pipeline)
    elif make == 'list':
        (root / 'metadata/train/localization.txt').unlink()
        dataset = make_list(root, 'train', pipeline=pipeline, num_classes=2, mask_dir='masks')
    else:
        edit(root / 'annotations.csv', 3, 'd.jpg,train,albatross,Ann,no,number,at,all')
        dataset = LocalizationCSV(str(root), split='train', pipeline=pipeline)
    assert len(dataset)
    for index in range(len(dataset)):
        assert set(dataset.get_data_info(index)) == {'img_path', 'img_id', 'gt_label', 'sample_idx'}
        sample = dataset[index]['data_samples']
        assert not {'instances', 'mask_path'} & set(sample.metainfo)
        assert len(sample.gt_instances) == len(sample.ignored_instances) == 0
        assert set(sample.keys()) == {'gt_label', 'gt_instances', 'ignored_instances'}


def test_a_subclass_cannot_smuggle_a_box_into_training():
    class Leaky(LocalizationDataset):
        def load_classes(self):
            return ['a']

        def load_samples(self, num_classes):
            return [dict(img_path='x', img_id=0, gt_label=0, instances=[dict(bbox=[0, 0, 1, 1], bbox_label=0)])]

    with pytest.raises(ValueError, match='has a box or mask'):
        Leaky()
    assert len(Leaky(split='test')) == 1


@pytest.mark.parametrize('name', ['classes', 'images', 'image_class_labels', 'train_test_split', 'bounding_boxes'])
def test_cub_missing_file(cub_root, name):
    (cub_root / f'{name}.txt').unlink()
    with pytest.raises(FileNotFoundError, match=f'{name}.txt.*does not exist.*Check data_root'):
        CUBLocalization(str(cub_root), 'test')


@pytest.mark.parametrize(
    ('name', 'number', 'text', 'words'),
    [
        ('classes', 2, '3 003.Wren', 'classes.txt:2: class ids must be 1, 2, 3'),
        ('classes', 2, '2', 'classes.txt:2: expected 2 fields'),
        ('classes', 2, '2 001.Albatross', 'class names must be unique'),
        ('images', 3, 'x 001.Albatross/c.jpg', "images.txt:3: 'x' has no line in .*train_test_split.txt"),
        ('images', 3, '2 001.Albatross/c.jpg', "images.txt:3: id '2' occurs twice, first at .*images.txt:2"),
        ('image_class_labels', 3, '3 9', 'image_class_labels.txt:3: label 8 is out of range; the 2 classes'),
        ('image_class_labels', 3, '3 3', 'image_class_labels.txt:3: label 2 is out of range; the 2 classes'),
        ('image_class_labels', 3, '3 0', 'image_class_labels.txt:3: label -1 is out of range'),
        ('image_class_labels', 3, '3 one', "image_class_labels.txt:3: class_id must be an integer, got 'one'"),
        ('image_class_labels', 3, '7 1', "images.txt:3: '3' has no line in .*image_class_labels.txt"),
        ('train_test_split', 3, '3 2', "train_test_split.txt:3: is_training must be 0 or 1, got '2'"),
        ('train_test_split', 3, '3', 'train_test_split.txt:3: expected 2 fields'),
        ('bounding_boxes', 3, '3 1 2 3', 'bounding_boxes.txt:3: expected 5 fields'),
        ('bounding_boxes', 3, '3 1 2 3 x', "bounding_boxes.txt:3: height must be a number, got 'x'"),
        ('bounding_boxes', 3, '3 1 nan 3 4', "bounding_boxes.txt:3: y must be finite, got 'nan'"),
        ('bounding_boxes', 3, '3 1 2 0 4', 'bounding_boxes.txt:3: box width and height must be above 0'),
        ('bounding_boxes', 3, '8 1 2 3 4', "images.txt:3: '3' has no line in .*bounding_boxes.txt"),
    ],
)
def test_cub_bad_lines(cub_root, name, number, text, words):
    edit(cub_root / f'{name}.txt', number, text)
    with pytest.raises(ValueError, match=words):
        CUBLocalization(str(cub_root), 'test')


@pytest.mark.parametrize(
    ('name', 'number', 'text', 'words'),
    [
        ('image_ids', 2, 'x/b.jpg', "image_ids.txt:2: path 'x/b.jpg' occurs twice"),
        ('image_ids', 3, 'z.jpg', "image_ids.txt:3: 'z.jpg' has no line in .*class_labels.txt"),
        ('class_labels', 2, 'x/b.jpg;0', 'class_labels.txt:2: expected 2 fields'),
        ('class_labels', 2, 'x/b.jpg,7', 'class_labels.txt:2: label 7 is out of range; the 2 classes'),
        ('class_labels', 3, 'x/b.jpg,0', "class_labels.txt:3: path 'x/b.jpg' occurs twice"),
        ('localization', 1, 'x/b.jpg,1,2,11', 'localization.txt:1: expected 5 fields'),
        ('localization', 3, 'x/b.jpg,15,2,15,9', 'localization.txt:3: the box x1=15 .* has no area'),
        ('localization', 3, 'x/b.jpg,15,2,inf,9', 'localization.txt:3: x2 must be finite'),
        (
            'localization',
            4,
            'q.jpg,0,0,1,1',
            "localization.txt:4: a box for 'q.jpg', which is not listed in .*image_ids.txt",
        ),
        ('localization', 2, 'x/b.jpg,0,0,1,1', "image_ids.txt:2: 'y/c,1.jpg' has no box in .*localization.txt"),
        (
            'localization',
            3,
            'x/b.jpg,15,12,8,20',
            'localization.txt:3: .* no area; .* rows x, y, width, height',
        ),
        (
            'localization',
            1,
            'image_id,x0,y0,x1,y1',
            'localization.txt:1: .*release/.* the rows are x, y, width, height',
        ),
        ('localization_masks', 2, 'x/b.jpg,x/b2.png,', "image_ids.txt:2: 'y/c,1.jpg' has no mask in"),
        ('localization_masks', 2, 'x/b.jpg,x/b2.png,ig.png', 'localization_masks.txt:2: second ignore region'),
        ('localization_masks', 1, 'x/b.jpg,,ig.png', "localization_masks.txt:1: no mask for 'x/b.jpg'"),
    ],
)
def test_list_bad_lines(list_root, name, number, text, words):
    edit(list_root / 'metadata/test' / f'{name}.txt', number, text)
    with pytest.raises(ValueError, match=words):
        make_list(list_root, 'test', num_classes=2, mask_dir='masks')


def test_list_bad_settings(list_root):
    with pytest.raises(FileNotFoundError, match='its folder .*metadata/val. does not exist'):
        make_list(list_root, 'val')
    with pytest.raises(ValueError, match='num_classes must be an int above 0'):
        make_list(list_root, 'train', num_classes=0)
    with pytest.raises(ValueError, match='classes has 1 names, but num_classes is 2'):
        make_list(list_root, 'train', classes=['a'], num_classes=2)
    (list_root / 'metadata/train/image_ids.txt').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(ValueError, match='not a UTF-8 text file'):
        make_list(list_root, 'train')


@pytest.mark.parametrize(
    ('number', 'text', 'words'),
    [
        (1, 'image,split,label,photographer,x1,y1,x2,y_2', r"csv:1: no column \['y2'\] in the header"),
        (1, 'file,split,label,photographer,x1,y1,x2,y2', r"csv:1: no column \['image'\]"),
        (1, 'image,split,label,x1,y1,x2,y2', 'csv:2: a row must have 7 fields'),
        (4, 'b.jpg,test,wren,Bo,1,2,11', r'csv:4: a row must have 8 fields \(image,split'),
        (4, 'b.jpg,test,wren,Bo,1,2,11,12,13', 'csv:4: a row must have 8 fields'),
        (4, 'b.jpg,test,wren,Bo,1,2,,', "csv:4: image 'b.jpg' of split 'test' has no box. Fill in x1, y1, x2, y2"),
        (4, 'b.jpg,test,wren,Bo,1,2,one,4', "csv:4: x2 must be a number, got 'one'"),
        (4, 'b.jpg,test,wren,Bo,5,2,4,4', 'csv:4: the box x1=5 .* has no area'),
        (4, 'b.jpg,tests,wren,Bo,1,2,3,4', "csv:4: split must be train, val or test, got 'tests'"),
        (4, ',test,wren,Bo,1,2,3,4', 'csv:4: image and label must not be empty'),
        (4, 'b.jpg,test,,Bo,1,2,3,4', 'csv:4: image and label must not be empty'),
        (
            6,
            'b.jpg,test,albatross,Bo,15,2,20,9',
            "csv:6: image 'b.jpg' must have one label, but 'albatross' is its second",
        ),
    ],
)
def test_csv_bad_rows(csv_root, number, text, words):
    edit(csv_root / 'annotations.csv', number, text)
    with pytest.raises(ValueError, match=words):
        LocalizationCSV(str(csv_root), split='test')


def test_csv_label_outside_the_classes(csv_root):
    with pytest.raises(ValueError, match="csv:4: label 'wren' is not among the 1 classes"):
        LocalizationCSV(str(csv_root), split='test', classes=['albatross'])
    with pytest.raises(FileNotFoundError, match=r'none.csv.*does not exist'):
        LocalizationCSV(str(csv_root), 'none.csv')
    write_lines(csv_root / 'train.csv', 'image,label,split', 'a.jpg,wren,train')
    with pytest.raises(ValueError, match=r"train.csv:1: no column \['x1', 'y1', 'x2', 'y2'\]"):
        LocalizationCSV(str(csv_root), 'train.csv', split='val')
    write_lines(csv_root / 'train.csv', 'image,label,split', 'a.jpg,wren,test')
    with pytest.raises(ValueError, match="split 'train' has no images"):
        LocalizationCSV(str(csv_root), 'train.csv', split='train')


@pytest.mark.parametrize('kind', [CUBLocalization, LocalizationList, LocalizationCSV])
def test_common_settings(kind, tmp_path):
    with pytest.raises(FileNotFoundError, match='data_root must be an existing folder, got .*nowhere'):
        kind(data_root=str(tmp_path / 'nowhere'))
    with pytest.raises(ValueError, match='split must be one of'):
        kind(split='trainval')
    with pytest.raises(ValueError, match="on_bad_image must be 'error' or 'skip'"):
        kind(on_bad_image='ignore')
    with pytest.raises(TypeError, match='unexpected keyword'):
        kind(pipelines=[])
    with pytest.raises(TypeError, match='classes must be a sequence of names'):
        kind(classes='birds')


def test_checks_of_the_base(tmp_path):
    def make(samples, classes=('a', 'b'), split='test'):
        class Given(LocalizationDataset):
            def load_classes(self):
                return classes

            def load_samples(self, num_classes):
                return samples

        return Given(split=split)

    def sample(**more):
        return {**dict(img_path='x', img_id=1, gt_label=0, instances=[dict(bbox=[0, 0, 1, 1], bbox_label=0)]), **more}

    assert len(make([sample(), sample(img_id=2)])) == 2
    with pytest.raises(ValueError, match='image ids must be unique, but 1 occurs twice'):
        make([sample(), sample()])
    with pytest.raises(ValueError, match=r'image 1 has label 2, but the 2 classes have labels 0 to 1'):
        make([sample(gt_label=2)])
    with pytest.raises(ValueError, match="image 1 of split 'test' has no box"):
        make([sample(instances=[])])
    with pytest.raises(NotImplementedError, match='load_classes'):
        LocalizationDataset()


def test_arguments_are_not_changed(csv_root, pipeline):
    metainfo, given = dict(source='x'), [dict(step) for step in pipeline]
    dataset = LocalizationCSV(str(csv_root), classes=['wren', 'albatross'], metainfo=metainfo, pipeline=given)
    assert metainfo == dict(source='x') and given == pipeline
    assert dataset.metainfo == dict(source='x', classes=('wren', 'albatross'))


def test_indices_and_lazy_init(cub_root):
    assert [i['img_id'] for i in infos(CUBLocalization(str(cub_root), indices=2))] == [1, 2]
    lazy = CUBLocalization(str(cub_root), lazy_init=True)
    assert not lazy._fully_initialized and len(lazy) == 3


@pytest.mark.parametrize('encoding', ['cp1252', 'utf-16', 'utf-16-le', 'utf-16-be'])
def test_other_encodings_are_named(csv_root, list_root, encoding):
    (csv_root / 'one.csv').write_text('image,label\na.jpg,m\u00f6we\n', encoding=encoding)
    with pytest.raises(ValueError, match='one.csv: not a UTF-8 text file.*Save it as UTF-8'):
        LocalizationCSV(str(csv_root), 'one.csv')
    (list_root / 'metadata/train/image_ids.txt').write_text('x/m\u00f6we.jpg\n', encoding=encoding)
    with pytest.raises(ValueError, match='image_ids.txt: not a UTF-8 text file.*Save it as UTF-8'):
        make_list(list_root, 'train')


def test_a_byte_order_mark_is_no_part_of_the_first_name(list_root):
    path = list_root / 'metadata/train/image_ids.txt'
    path.write_text(path.read_text(), encoding='utf-8-sig')
    assert infos(make_list(list_root, 'train', num_classes=2))[0]['img_id'] == 'x/a.jpg'


def test_faults_of_the_csv_itself_are_named(csv_root):
    (csv_root / 'one.csv').write_text(f'image,label\n{"a" * 200000},wren\n')
    with pytest.raises(ValueError, match=r'one.csv:\d: not a row of CSV \(field larger than'):
        LocalizationCSV(str(csv_root), 'one.csv')
    (csv_root / 'one.csv').write_text('image,label,label\na.jpg,wren,owl\n')
    with pytest.raises(ValueError, match=r"one.csv:1: several columns \['label'\]"):
        LocalizationCSV(str(csv_root), 'one.csv')


def test_boxes_outside_their_images_are_found_by_the_headers(csv_root, list_root, cub_root):
    """Images are 30 x 20; a box that overlaps its image a little is fine."""
    LocalizationCSV(str(csv_root), split='test').check_boxes()
    edit(csv_root / 'annotations.csv', 4, 'b.jpg,test,wren,"Bo, Jr.",30,2,41,12')
    with pytest.raises(
        ValueError, match=r"b.jpg': the box \[30.0, 2.0, 41.0, 12.0\] lies outside .* width 30 and height"
    ):
        LocalizationCSV(str(csv_root), split='test').check_boxes()
    LocalizationCSV(str(csv_root), split='train').check_boxes()
    edit(list_root / 'metadata/test/localization.txt', 2, 'y/c,1.jpg,-9,-5,0,3')
    with pytest.raises(ValueError, match=r"c,1.jpg': the box"):
        make_list(list_root, 'test').check_boxes()
    edit(cub_root / 'bounding_boxes.txt', 3, '3 2.0 20.0 5.0 12.0')
    with pytest.raises(ValueError, match='c.jpg.: the box'):
        CUBLocalization(str(cub_root), 'test').check_boxes()
