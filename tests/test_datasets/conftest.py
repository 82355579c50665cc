"""Small data sets in the layouts that the data sets read, created for each test."""

from pathlib import Path

import pytest
from layouts import PIPELINE, write_image, write_lines


@pytest.fixture
def pipeline() -> list[dict]:
    return [dict(step) for step in PIPELINE]


@pytest.fixture
def cub_root(tmp_path: Path) -> Path:
    """2 classes; images 1, 2, 4 train, 3 and 5 test."""
    root = tmp_path / 'CUB_200_2011'
    names = ['001.Albatross/a 1.jpg', '002.Wren/b.jpg', '001.Albatross/c.jpg', '001.Albatross/d.jpg', '002.Wren/e.jpg']
    for seed, name in enumerate(names):
        write_image(root / 'images' / name, seed)
    write_lines(root / 'classes.txt', '1 001.Albatross', '2 002.Wren')
    write_lines(root / 'images.txt', *(f'{i} {name}' for i, name in enumerate(names, 1)))
    write_lines(root / 'image_class_labels.txt', '1 1', '2 2', '3 1', '4 1', '5 2')
    write_lines(root / 'train_test_split.txt', '1 1', '2 1', '3 0', '4 1', '5 0')
    boxes = ('1 0.0 0.0 9.0 9.0', '2 1.0 1.0 5.0 5.0', '3 2.0 3.0 10.0 12.0', '4 0.0 0.0 1.0 1.0', '5 6.5 7.0 20.0 4.0')
    write_lines(root / 'bounding_boxes.txt', *boxes)
    return root


@pytest.fixture
def list_root(tmp_path: Path) -> Path:
    """wsolevaluation's lists; the test image x/b.jpg has two boxes, the path of the third image has a comma."""
    root = tmp_path / 'wsol'
    for seed, name in enumerate(('x/a.jpg', 'x/b.jpg', 'y/c,1.jpg')):
        write_image(root / 'images' / name, seed)
    train, test = root / 'metadata' / 'train', root / 'metadata' / 'test'
    write_lines(train / 'image_ids.txt', 'x/a.jpg')
    write_lines(train / 'class_labels.txt', 'x/a.jpg,0')
    write_lines(train / 'localization.txt', 'x/a.jpg,0,0,5,5')
    write_lines(test / 'image_ids.txt', 'x/b.jpg', 'y/c,1.jpg')
    write_lines(test / 'class_labels.txt', 'y/c,1.jpg,1', 'x/b.jpg,0')
    write_lines(test / 'localization.txt', 'x/b.jpg,1,2,11,12', 'y/c,1.jpg,0,0,30,20', 'x/b.jpg,15,2,20,9')
    write_lines(test / 'localization_masks.txt', 'x/b.jpg,x/b.png,', 'y/c,1.jpg,y/c.png,')
    return root


@pytest.fixture
def csv_root(tmp_path: Path) -> Path:
    """One file for all splits, columns out of order, a column of somebody's own."""
    root = tmp_path / 'mine'
    for seed, name in enumerate(('a.jpg', 'b.jpg', 'sub/c.png', 'd.jpg')):
        write_image(root / name, seed)
    write_lines(
        root / 'annotations.csv',
        'image,split,label,photographer,x1,y1,x2,y2',
        'a.jpg,train,wren,Ann,,,,',
        'd.jpg,train,albatross,Ann,1,2,3,4',
        'b.jpg,test,wren,"Bo, Jr.",1,2,11,12.5',
        'sub/c.png,val,albatross,Ann,0,0,30,20',
        'b.jpg,test,wren,Bo,15,2,20,9',
    )
    return root
