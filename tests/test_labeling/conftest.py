"""Photographs and a run's boxes that the tests of this folder share."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from sltnet_mm.labeling.box_sets import Boxed, BoxSet

CLASSES = ('cat', 'dog', 'hen')


def write_photograph(path: Path, label: int, seed: int, size=(80, 60)) -> None:
    """A bright rectangle of the class's color on noise, 20 to 60 by 15 to 45 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 90, (size[1], size[0], 3), dtype=np.uint8)
    image[15:45, 20:60, label % 3] = 250
    assert cv2.imwrite(str(path), image)


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
