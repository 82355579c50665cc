"""Writers of small data sets and the pipeline that their tests share."""

from pathlib import Path

import cv2
import numpy as np

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=16),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]


def write_image(path: Path, seed: int = 0, shape: tuple[int, int] = (20, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    assert cv2.imwrite(str(path), image)


def write_lines(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(line + '\n' for line in lines), encoding='utf-8')
