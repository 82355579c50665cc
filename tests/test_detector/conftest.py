"""Images of the embedded data as files with a CSV file, a localizer's config for them, tools run in this process."""

import runpy
import sys
from pathlib import Path

import cv2
import mmcv
import mmengine.fileio as fileio
import pytest

from sltnet_mm.datasets import SyntheticLocalization

ROOT = Path(__file__).parents[2]
CLASSES = ('finch', 'robin', 'wren')
LOCALIZER = f"""
_base_ = [
    '{ROOT}/configs/_base_/models/cam_small-conv.py',
    '{ROOT}/configs/_base_/datasets/csv_localization.py',
    '{ROOT}/configs/_base_/schedules/sgd_10e.py',
    '{ROOT}/configs/_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=3))
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
"""


@pytest.fixture(scope='session')
def photographs(tmp_path_factory) -> Path:
    """A folder with images of 64x64 and annotations.csv: 9 for training without boxes, 3 and 6 with them."""
    root = tmp_path_factory.mktemp('photographs')
    lines = ['image,label,split,x1,y1,x2,y2']
    for split, number in (('train', 9), ('val', 3), ('test', 6)):
        dataset = SyntheticLocalization(split=split, num_images=number, num_classes=3)
        for index in range(number):
            sample = dataset.get_data_info(index)
            name = f'{split}/{index}.png'
            (root / split).mkdir(exist_ok=True)
            assert cv2.imwrite(str(root / name), mmcv.imfrombytes(fileio.get(sample['img_path'])))
            box = ','.join(map(str, sample['instances'][0]['bbox'])) if split != 'train' else ',,,'
            lines.append(f'{name},{CLASSES[sample["gt_label"]]},{split},{box}')
    (root / 'annotations.csv').write_text('\n'.join(lines) + '\n')
    return root


@pytest.fixture
def localizer(tmp_path) -> Path:
    """Its config."""
    (tmp_path / 'localizer.py').write_text(LOCALIZER)
    return tmp_path / 'localizer.py'


@pytest.fixture
def run_tool(monkeypatch):
    """Run a script as from the command line: run_tool(path, *arguments)."""

    def run(path: Path, *arguments: object) -> None:
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, arguments)])
        runpy.run_path(str(path), run_name='__main__')

    return run
