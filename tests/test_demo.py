import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_the_demo_writes_what_it_prints(tmp_path):
    settings = ['--epochs', '1', '--images', '36', '--seed', '3', '--out', str(tmp_path)]
    done = subprocess.run([sys.executable, 'tools/demo.py', *settings], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    screen, page = done.stdout, (tmp_path / 'report.html').read_text(encoding='utf-8')
    assert [line for line in screen.splitlines() if re.match(r'\[\d/\d\] ', line)][-1].startswith('[5/5]')
    assert screen.count('epoch 1/1') == 3  # plain CAM, classifier, SLT-Net
    for name in ('Plain CAM', 'SLT-Net localizer', 'SLT-Net regressor', 'Center box'):
        line = next(line for line in screen.splitlines() if line.startswith(name))
        row = next(row for row in re.findall('<tr>.*?</tr>', page) if f'>{name}<' in row)
        assert re.findall('<td[^>]*>([^<]*)</td>', row) == line.removeprefix(name).split()
    for fact in ('images 36', 'epochs 1', '<dd>3</dd>', '36 of 12 classes', 'slt-net_small-conv_1xb32-10e_synthetic'):
        assert fact in page
    assert page.count('<img ') == 48  # 12 images, four pictures each
    assert page.count('<svg ') == 5  # loss_cls; loss; loss_smt, loss_vst, loss_bbox
    assert cv2.imread(str(tmp_path / 'pictures.png')) is not None


def test_the_demo_refuses_impossible_numbers(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['demo.py', '--epochs', '0'])
    demo = runpy.run_path(str(ROOT / 'tools' / 'demo.py'))
    with pytest.raises(SystemExit):
        demo['parse_args']()
    assert '--epochs must be at least 1' in capsys.readouterr().err
