"""docs/onnx.md: its script runs as it stands on a file of tools/export_onnx.py."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from checkpoint_files import config_of, write_checkpoint

ROOT = Path(__file__).parents[2]
CLASSES = tuple(f'class {number}' for number in range(12))


def test_the_script_of_the_page(tmp_path):
    cfg = config_of('slt_net')
    cfg.test_dataloader.dataset.pipeline[1].update(resize=32)
    cfg.dump(tmp_path / 'config.py')
    write_checkpoint(cfg, tmp_path / 'epoch_4.pth', CLASSES)
    tool = ['config.py', 'epoch_4.pth', '--out', 'boxes.onnx', '--box-from', 'regressor', '--no-score']
    subprocess.run([sys.executable, ROOT / 'tools/export_onnx.py', *tool], cwd=tmp_path, check=True)
    for name, size in (('cat', (60, 40)), ('dog', (33, 70))):
        (tmp_path / 'photographs' / name).mkdir(parents=True)
        noise = np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / 'photographs' / name / '001.jpg'), cv2.resize(noise, size))
    script = re.search(r'```python\n(.*?)```', (ROOT / 'docs/onnx.md').read_text(), re.DOTALL).group(1)
    shown = subprocess.run([sys.executable, '-c', script], cwd=tmp_path, check=True, capture_output=True, text=True)
    lines = shown.stdout.splitlines()
    assert len(lines) == 2 and all(re.match(r'class \d+ 0\.\d+ \[.*\]$', line) for line in lines)
