"""Photographs with a bright rectangle, which the tests of this folder share."""

from pathlib import Path

import cv2
import numpy as np

CLASSES = ('cat', 'dog', 'hen')


def write_photograph(path: Path, label: int, seed: int, size=(80, 60)) -> None:
    """A bright rectangle of the class's color on noise, 20 to 60 by 15 to 45 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 90, (size[1], size[0], 3), dtype=np.uint8)
    image[15:45, 20:60, label % 3] = 250
    assert cv2.imwrite(str(path), image)
