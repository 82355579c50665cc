"""Photographs and a run's boxes that the tests of this folder share."""

import pytest
from drawn_photographs import CLASSES, write_photograph

from sltnet_mm.labeling.box_sets import Boxed, BoxSet


@pytest.fixture
def photographs(tmp_path):
    """Three class folders with eight images each."""
    for label, name in enumerate(CLASSES):
        for number in range(8):
            write_photograph(tmp_path / 'photographs' / name / f'{number:03d}.jpg', label, 8 * label + number)
    return tmp_path / 'photographs'


@pytest.fixture
def boxes(photographs):
    """Boxes of some of them, two on one image, none on another; with names that formats stumble over."""
    odd = 'cat/ein „Foto“, schön.png'
    write_photograph(photographs / odd, 0, 99)
    images = [
        Boxed('cat/000.jpg', (80, 60), [(20.0, 15.0, 60.0, 45.0), (1.0, 2.0, 11.0, 12.0)], [0, 1], [0.75, 0.5]),
        Boxed('dog/000.jpg', (80, 60), [(0.0, 0.0, 80.0, 60.0)], [1], [0.25]),
        Boxed('hen/000.jpg', (80, 60)),
        Boxed(odd, (80, 60), [(10.5, 20.25, 40.0, 50.0)], [0], [1.0]),
    ]
    return BoxSet(photographs, CLASSES, sorted(images, key=lambda each: each.image))
