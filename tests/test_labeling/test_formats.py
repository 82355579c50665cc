"""Every format: written, read again, and looked at as the other tool would."""

import json
import xml.etree.ElementTree as ET

import pytest
import yaml
from pycocotools.coco import COCO

from sltnet_mm.labeling.formats import FORMATS, export_boxes, exported_names, import_boxes

WITH_SCORES = ('csv', 'label-studio')
# Pascal VOC and LabelMe have whole pixels, YOLO and Label Studio fractions of the image.
TOLERANCE = dict(voc=1.01, labelme=0.01, yolo=0.01)


@pytest.mark.parametrize('form', FORMATS)
def test_boxes_come_back(boxes, tmp_path, form):
    export_boxes(boxes, tmp_path / form, form)
    found = import_boxes(tmp_path / form, form)
    assert [each.image for each in found.images] == [each.image for each in boxes.images]
    for given, read in zip(boxes.images, found.images, strict=True):
        assert read.size == given.size and len(read.boxes) == len(given.boxes)
        order = sorted(range(len(read.boxes)), key=lambda i: -read.boxes[i][2])
        wanted = sorted(range(len(given.boxes)), key=lambda i: -given.boxes[i][2])
        for i, j in zip(order, wanted, strict=True):
            assert read.boxes[i] == pytest.approx(given.boxes[j], abs=TOLERANCE.get(form, 1e-3))
            assert found.classes[read.labels[i]] == boxes.classes[given.labels[j]]
            assert read.scores[i] == (given.scores[j] if form in WITH_SCORES else None)
    assert all((found.root if form != 'yolo' else found.root / s).is_dir() for s in ('train',))


def test_yolo_is_laid_out_for_ultralytics(boxes, tmp_path):
    path = export_boxes(boxes, tmp_path / 'yolo', 'yolo')
    data = yaml.safe_load(path.read_text())
    assert data['names'] == {0: 'cat', 1: 'dog', 2: 'hen'} and data['path'] == str((tmp_path / 'yolo').resolve())
    images = sorted(each.stem for each in (tmp_path / 'yolo').glob('images/*/*'))
    labels = {each.stem: each.read_text().split() for each in (tmp_path / 'yolo').glob('labels/*/*.txt')}
    assert sorted(labels) == images and len(images) == 4  # a label file per image, at the same place
    assert [float(v) for v in labels['dog__000']] == [1, 0.5, 0.5, 1, 1] and labels['hen__000'] == []
    for split in ('train', 'val'):
        assert (tmp_path / 'yolo' / data[split]).is_dir()


def test_coco_is_what_pycocotools_reads(boxes, tmp_path):
    coco = COCO(export_boxes(boxes, tmp_path / 'coco', 'coco'))
    assert len(coco.imgs) == 4 and len(coco.anns) == 4
    (image,) = [each for each in coco.imgs.values() if each['file_name'] == 'dog__000.jpg']
    (annotation,) = coco.loadAnns(coco.getAnnIds(image['id']))
    assert annotation['bbox'] == [0, 0, 80, 60] and coco.cats[annotation['category_id']]['name'] == 'dog'


def test_label_studio_has_predictions_in_percent(boxes, tmp_path):
    tasks = json.loads(export_boxes(boxes, tmp_path / 'ls', 'label-studio').read_text())
    (task,) = [each for each in tasks if 'cat__000' in each['data']['image']]
    first = task['predictions'][0]['result'][0]
    assert first['value']['rectanglelabels'] == ['cat'] and first['from_name'] == 'label'
    assert [first['value'][key] for key in ('x', 'y', 'width', 'height')] == [25, 25, 50, 50]
    labels = ET.parse(tmp_path / 'ls/label_config.xml').getroot().iter('Label')
    assert [label.get('value') for label in labels] == ['cat', 'dog', 'hen']


def test_a_correction_in_label_studio_wins(boxes, tmp_path):
    path = export_boxes(boxes, tmp_path / 'ls', 'label-studio')
    tasks = json.loads(path.read_text())
    (task,) = [each for each in tasks if 'dog__000' in each['data']['image']]
    value = dict(x=50, y=50, width=25, height=25, rotation=0, rectanglelabels=['hen'])
    task['annotations'] = [dict(result=[dict(type='rectanglelabels', value=value)])]
    path.write_text(json.dumps(tasks))
    (corrected,) = [each for each in import_boxes(tmp_path / 'ls', 'label-studio').images if 'dog' in each.image]
    assert corrected.boxes == [(40, 30, 60, 45)] and corrected.labels == [2]


def test_nothing_is_overwritten_and_bad_names_are_named(boxes, tmp_path):
    (tmp_path / 'used').mkdir()
    (tmp_path / 'used/notes.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='is not empty'):
        export_boxes(boxes, tmp_path / 'used', 'csv')
    with pytest.raises(ValueError, match="format must be one of coco, .*got 'kitti'"):
        export_boxes(boxes, tmp_path / 'new', 'kitti')
    path = export_boxes(boxes, tmp_path / 'csv', 'csv')
    path.write_text(path.read_text().replace('hen__000', 'other'))
    with pytest.raises(ValueError, match="image 'other.jpg' is not in images.csv"):
        import_boxes(tmp_path / 'csv', 'csv')


def test_the_users_images_are_copied_not_linked(boxes, tmp_path):
    export_boxes(boxes, tmp_path / 'csv', 'csv')
    before = (boxes.root / 'cat/000.jpg').read_bytes()
    (tmp_path / 'csv/images/cat__000.jpg').write_bytes(b'edited')
    assert (boxes.root / 'cat/000.jpg').read_bytes() == before


def test_names_stay_apart():
    names = exported_names(['a/b.jpg', 'a__b.png', 'A/B.JPG', 'x\ny.jpg', 'x:y.jpg'])
    stems = [name.rpartition('.')[0].lower() for name in names.values()]
    assert len(set(stems)) == 5 and not any('\n' in name or ':' in name or '/' in name for name in names.values())
