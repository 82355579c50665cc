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
    assert [line for line in screen.splitlines() if re.match(r'\[\d/\d\] ', line)][-1].startswith('[4/4]')
    assert screen.count('epoch 1/1') == 2  # plain CAM, SLT-Net
    for name in ('Plain CAM', 'SLT-Net localizer', 'SLT-Net regressor', 'Center box'):
        line = next(line for line in screen.splitlines() if line.startswith(name))
        row = next(row for row in re.findall('<tr>.*?</tr>', page) if f'>{name}<' in row)
        assert re.findall('<td[^>]*>([^<]*)</td>', row) == line.removeprefix(name).split()
    for fact in (
        'images 36',
        'epochs 1',
        '<dd>3</dd>',
        '36 of 12 classes',
        'slt-net_squeezenet1-1-s8_1xb16-2e_synthetic',
    ):
        assert fact in page
    assert page.count('<img ') % 4 == 0 and page.count('<img ') >= 4 * 6  # four pictures per image
    assert page.count('not selected') == 2 * 3  # caption and alternative text
    assert page.count('<svg ') == 4  # loss_cls; loss_smt, loss_vst, loss_bbox
    assert cv2.imread(str(tmp_path / 'pictures.png')) is not None


def test_the_demo_refuses_impossible_numbers(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['demo.py', '--epochs', '0'])
    demo = runpy.run_path(str(ROOT / 'tools' / 'demo.py'))
    with pytest.raises(SystemExit):
        demo['parse_args']()
    assert '--epochs must be at least 1' in capsys.readouterr().err


def test_the_pictures_show_gains_losses_and_what_nobody_selected():
    demo = runpy.run_path(str(ROOT / 'tools' / 'demo.py'))
    gains = [0.0, 0.5, -0.3, 0.1, -0.9, 0.2, 0.0, 0.7, 0.3, 0.4, 0.05, -0.1]
    chosen = demo['chosen_pictures'](gains)
    assert [index for index, _ in chosen] == [7, 1, 9, 8, 5, 3, 4, 2, 11, 0, 6, 10]
    assert [reason for _, reason in chosen][5:7] == ['gain +0.10', 'loss -0.90']
    assert [reason for _, reason in chosen[-3:]] == ['not selected'] * 3
