"""Photographs as users have them: odd names and endings, other files, copies, broken ones, circles of links."""

import csv
import shutil

import cv2
import numpy as np
import pytest
from drawn_photographs import CLASSES, write_photograph

from sltnet_mm.datasets import LocalizationCSV
from sltnet_mm.labeling.photograph_checks import check_photographs
from sltnet_mm.labeling.photographs import read_photographs


def test_class_folders_with_odd_names_come_back_from_the_csv(photographs, tmp_path):
    odd = ['Cat/deep/er/1.JPG', 'dog/it\'s "a" dog, père.Jpeg', 'dog/two\nlines.png', 'hen/a  b.webp']
    for number, name in enumerate(odd):
        write_photograph(photographs / name, number, 50 + number)
    write_photograph(photographs / '.thumbnails/1.jpg', 0, 1)
    found = read_photographs(photographs)
    assert found.classes == ('Cat', *CLASSES) and len(found.rows) == 28
    assert found.labels['Cat/deep/er/1.JPG'] == 'Cat'
    found.write_csv(tmp_path / 'all.csv')
    dataset = LocalizationCSV(str(photographs), str(tmp_path / 'all.csv'))
    assert [dataset.get_data_info(i)['img_id'] for i in range(28)] == list(found.labels)
    assert dataset.metainfo['classes'] == found.classes


def test_links_in_a_circle_end(photographs):
    (photographs / 'cat/again').symlink_to(photographs, target_is_directory=True)
    assert len(read_photographs(photographs).rows) == 24


def test_other_files_are_counted_with_the_fix(photographs):
    for name in ('cat/scan.PDF', 'cat/IMG_1.HEIC', 'dog/IMG_2.heic', 'notes'):
        (photographs / name).write_bytes(b'x')
    (warning,) = check_photographs(read_photographs(photographs)).warnings
    assert '2 files .heic, 1 file .pdf, 1 file no ending (convert .heic to .jpg first)' in warning


def test_bad_images_and_copies_are_left_out_with_the_reason(photographs):
    (photographs / 'cat/empty.jpg').write_bytes(b'')
    (photographs / 'cat/text.jpg').write_text('no image')
    whole = (photographs / 'dog/000.jpg').read_bytes()
    (photographs / 'dog/half.jpg').write_bytes(whole[: len(whole) // 2])
    shutil.copy(photographs / 'hen/000.jpg', photographs / 'hen/copy.jpg')
    shutil.copy(photographs / 'hen/001.jpg', photographs / 'dog/hen.jpg')
    checked = check_photographs(read_photographs(photographs))
    assert checked.left_out['cat/empty.jpg'] == 'an empty file'
    assert checked.left_out['cat/text.jpg'].startswith('not an image')
    assert checked.left_out['dog/half.jpg'].startswith('truncated or damaged')
    assert checked.left_out['hen/copy.jpg'] == "a copy of 'hen/000.jpg'"
    for name in ('hen/001.jpg', 'dog/hen.jpg'):
        assert checked.left_out[name] == "the same image has the labels ['dog', 'hen']"
    assert len(checked.left_out) == 6 and len(checked.usable.labels) == 23


def test_small_images_and_classes_are_listed(photographs):
    cv2.imwrite(str(photographs / 'cat/icon.png'), np.full((16, 300, 3), 7, np.uint8))
    write_photograph(photographs / 'rare/1.jpg', 0, 77)
    warnings = ' '.join(check_photographs(read_photographs(photographs)).warnings)
    assert "1 images are smaller than 32 pixels ('cat/icon.png')" in warnings
    assert "1 classes have fewer than 8 images ('rare': 1)" in warnings


@pytest.mark.parametrize(
    ('make', 'error', 'message'),
    [
        (lambda root: shutil.rmtree(root), FileNotFoundError, 'PHOTOGRAPHS must be a folder'),
        (lambda root: [shutil.rmtree(root / name) for name in CLASSES], ValueError, 'has no images'),
        (
            lambda root: (
                [(root / name).rename(root / f'.{name}') for name in CLASSES] + [(root / 'a.heic').write_bytes(b'x')]
            ),
            ValueError,
            r'it has 1 file .heic \(convert .heic to .jpg first\)',
        ),
        (lambda root: [shutil.rmtree(root / name) for name in CLASSES[1:]], ValueError, "two classes, got only 'cat'"),
        (
            lambda root: [shutil.rmtree(root / name) for name in CLASSES] + [write_photograph(root / 'a.jpg', 0, 1)],
            ValueError,
            '1 images, but no class folders',
        ),
        (
            lambda root: (root / 'annotations.csv').write_text('image,label\ncat/000.jpg,cat;dog\n'),
            ValueError,
            'annotations.csv:2: label .cat;dog. names several classes. Several labels per image are not supported yet',
        ),
        (lambda root: (root / 'annotations.csv').write_text('a,b\n'), ValueError, 'must have the columns image and'),
        (lambda root: (root / 'annotations.csv').write_text('image,label\n'), ValueError, 'lists no images'),
    ],
)
def test_what_cannot_be_used_is_one_message(photographs, make, error, message):
    make(photographs)
    with pytest.raises(error, match=message):
        check_photographs(read_photographs(photographs))


def test_one_image_is_too_few(tmp_path):
    for label, name in enumerate(CLASSES[:2]):
        write_photograph(tmp_path / name / '1.jpg', label, label)
    with pytest.raises(ValueError, match='at least 4 images are needed for training, got 2'):
        check_photographs(read_photographs(tmp_path))


def test_loose_images_and_names_with_spaces_at_the_end_are_listed(photographs):
    write_photograph(photographs / 'loose.jpg', 0, 1)
    write_photograph(photographs / 'cat /1.jpg', 0, 2)
    notes = read_photographs(photographs).notes
    assert "1 images lie in no class folder and are left out ('loose.jpg')" in notes[0]
    assert 'begins or ends with a space' in notes[1]


def test_an_annotations_csv_is_read_with_its_boxes(photographs):
    with open(photographs / 'annotations.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['label', 'image', 'split', 'x1', 'y1', 'x2', 'y2'])
        writer.writerow(['cat', 'cat/000.jpg', 'val', 1, 2, 30, 40])
        writer.writerow(['dog', 'dog/000.jpg', '', '', '', '', ''])
    found = read_photographs(photographs)
    assert found.boxed('val') and not found.boxed('train') and found.labels['dog/000.jpg'] == 'dog'
    assert found.rows[1]['split'] == 'train'
