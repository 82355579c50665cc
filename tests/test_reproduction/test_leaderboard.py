"""The leaderboard: which systems it has, its table and picture, and a run of it on a few images."""

import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from small_data import IMAGES, write_list_layout
from torch import nn
from torchvision.models import get_model

from reproduction import RunFolders, Settings, leaderboard
from reproduction.costs import MapPrecision, TestTimeHook
from reproduction.leaderboard_page import LeaderboardPage
from reproduction.results import measure
from reproduction.runs import code_fingerprint, write_json

ROOT = Path(__file__).parents[2]


def test_every_config_of_photos31_with_a_system_of_its_own_is_a_row():
    shown = leaderboard('photos31')
    configs = {Path(step.config).name for row in shown.rows for step in row.step.chain()}
    methods = {path.stem for path in (ROOT / 'configs/other_methods').glob('*_photos31.py')}
    assert methods <= configs
    names = [row.name for row in shown.rows]
    assert len(set(names)) == len(names) and all(row.step.exists for row in shown.rows)
    assert shown.title == 'Leaderboard: all systems on squeezenet1-1' and shown.name == 'leaderboard_photos31'


def test_maps_of_a_trained_network_come_from_the_plain_cam():
    shown = leaderboard('photos31')
    (cam,) = [row.step for row in shown.rows if row.name == 'CAM']
    methods = set()
    for row in shown.rows:
        if row.name in ('Backprop', 'Grad-CAM', 'Grad-CAM++', 'LayerCAM', 'BagCAMs'):
            assert row.step.inputs == (('load_from', cam, 'checkpoint'),) and not row.step.trains
            cfg = Config.fromfile(row.step.path)
            methods.add(cfg.model.method)
    assert methods == {'input_saliency', 'grad_cam', 'grad_cam_plus_plus', 'layer_cam', 'bag_cams'}


def leave(folder, gt_known, **changes):
    metrics = {'map/sltnet/gt_known': gt_known, 'box/sltnet/gt_known': gt_known + 1, 'cls/top1': 80.0, 'pxap': 33.3}
    metrics['map/wsolevaluation-v2-acam/max_box_acc_v2'] = 61.25
    facts = dict(device='CPU', date='2026-01-02', torch='2.0', seconds=90.0, code=code_fingerprint(), commands=[])
    facts |= dict(milliseconds_per_image=12.34, parameters=1_234_567)
    write_json(folder / 'results.json', dict(metrics=metrics, **facts) | changes)


@pytest.fixture
def page(tmp_path):
    of = leaderboard('photos31').only(['ACoL', 'ADL', 'GC-Net', 'DDT'])
    folders = RunFolders(tmp_path, Settings())
    for name, values in {'ACoL': (50.0, 54.0), 'GC-Net': (60.0,)}.items():
        (row,) = of.only([name]).rows
        for seed, value in enumerate(values):
            leave(folders.run(row.step, seed).folder, value)
    return LeaderboardPage(of, measure(of, folders, [0, 1]), folders)


def test_the_best_is_first_and_unfinished_systems_are_last(page):
    heads, lines = page.cells()
    table = [dict(zip(heads, line, strict=True)) for line in lines]
    names = [line['system'] for line in table]
    assert names[:2] == ['GC-Net', 'ACoL'] and {'ADL', 'DDT'} <= set(names[2:])
    best, acol, *others = table
    assert best['rank'] == '1' and best['GT-known'] == '61.0' and best['PxAP'] == '-'  # of its box, not of a map
    assert best['state'] == '1 done, 1 missing' and best['seeds'] == '0'
    assert acol['GT-known'] == '52.0 +- 2.8' and acol['PxAP'] == '33.3 +- 0.0' and acol['MaxBoxAccV2'] == '61.2 +- 0.0'
    assert (acol['ms per image'], acol['M'], acol['minutes'], acol['seeds']) == ('12.3', '1.23', '1.5', '0 1')
    assert all(line['rank'] == line['GT-known'] == line['M'] == '-' for line in others)


def test_files_have_no_number_of_the_paper(page, tmp_path):
    written = page.write(tmp_path)
    assert [path.name for path in written] == [f'leaderboard_photos31.{ending}' for ending in ('md', 'csv', 'html')]
    text = written[0].read_text()
    assert text.startswith('# Leaderboard: all systems on squeezenet1-1') and 'paper' not in text.split('\n|')[0]
    assert not any("paper's numbers" in note or 'paper only' in note for note in page.notes)
    lines = list(csv.DictReader(io.StringIO(page.csv())))
    assert [(line['system'], line['seed'], line['gt_known']) for line in lines] == [
        ('ACoL', '0', '50.0'),
        ('ACoL', '1', '54.0'),
        ('GC-Net', '0', '61.0'),
    ]
    assert [line['pxap'] for line in lines] == ['33.3', '33.3', ''] and lines[0]['parameters'] == '1234567'


def test_the_clock_counts_the_test_step_alone_and_goes_away():
    model = nn.Linear(1, 1)
    calls = []
    model.test_step = lambda data: calls.append(data) or data
    hook, runner = TestTimeHook(), type('Run', (), dict(model=model))()
    assert hook.milliseconds is None
    plain = model.test_step
    hook.before_test(runner)
    assert runner.model.test_step is not plain and runner.model.test_step([1, 2]) == [1, 2]
    hook._times = [9.0, 0.002, 0.004, 0.003]
    assert hook.milliseconds == pytest.approx(3.0)  # the first batch does not count
    hook.after_test(runner)
    assert calls == [[1, 2]] and 'test_step' not in vars(model)


def test_models_without_maps_have_no_pxap():
    metric = MapPrecision()
    metric.process(None, [dict(pred_instances=0)])
    assert metric.results == [] and metric.compute_metrics([]) == {}


@pytest.fixture
def data(tmp_path):
    """Twelve images with masks in photos31's layout, and random weights where the configs look for them."""
    write_list_layout(tmp_path / 'data')
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 10:60] = 255
    for image in IMAGES:
        path = (tmp_path / 'data/masks' / image).with_suffix('.png')
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), mask)
    torch.manual_seed(0)
    torch.save(get_model('squeezenet1_1', weights=None).state_dict(), tmp_path / 'data/squeezenet1_1-imagenet.pth')
    return tmp_path


def test_systems_are_run_measured_and_drawn(data):
    work_dir = data / 'runs'
    command = [sys.executable, str(ROOT / 'tools/reproduce.py'), '--leaderboard', '--dataset', 'photos31']
    command += ['--epochs', '1']
    command += ['--rows', 'ACoL', 'LayerCAM', '--jobs', '2', '--device', 'cpu', '--work-dir', str(work_dir)]
    command += ['--data-root', str(data / 'data'), '--cfg-options', 'train_dataloader.batch_size=4']
    command += [f'{name}_dataloader.num_workers=0' for name in ('train', 'val', 'test')]
    command += [f'{name}_dataloader.persistent_workers=False' for name in ('train', 'val', 'test')]
    run = subprocess.run(command, capture_output=True, text=True, cwd=data)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert '3 runs to do' in run.stdout and '[3/3] done' in run.stdout
    lines = list(csv.DictReader((work_dir / 'leaderboard_photos31.csv').open()))
    assert {line['system'] for line in lines} == {'ACoL', 'LayerCAM'}
    for line in lines:
        assert 0 < float(line['pxap']) < 100 and float(line['milliseconds_per_image']) > 0
        assert float(line['gt_known']) <= 100 and int(line['parameters']) > 700_000
    picture = mmcv.imread(str(work_dir / 'leaderboard_photos31.png'))
    assert picture.shape[1] > 8 * 128 and 2 * 96 < picture.shape[0] < 400  # eight columns, two rows


def test_rows_without_kept_images_are_named_and_others_drawn(tmp_path):
    from reproduction.drawing import draw

    of, folders = leaderboard('photos31').only(['DDT', 'ACoL']), RunFolders(tmp_path, Settings())
    paths = np.array([str(tmp_path / f'{i}.png') for i in range(10)])
    for path in paths:
        cv2.imwrite(path, np.full((60, 60, 3), 90, np.uint8))
    for row in of.rows:
        folder = folders.run(row.step, 0).folder
        leave(folder, 50.0)
        if row.name == 'ACoL':
            boxes = np.tile(np.array([8.0, 8, 40, 50], np.float32), (10, 1))
            kept = dict(img_paths=paths, gt_boxes=boxes, boxes_map=boxes, iou_map=np.ones(10))
            kept |= dict(maps=np.ones((10, 4, 4), np.float16), input_sizes=np.tile([64, 64], (10, 1)))
            np.savez(folder / 'test_images.npz', homographies=np.tile(np.eye(3), (10, 1, 1)), **kept)
    of = replace(of, rows=[row for row in of.rows if row.name in ('DDT', 'ACoL')])
    written, said = draw(of, measure(of, folders, [0]), tmp_path / 'out')
    assert [path.name for path in written] == ['leaderboard_photos31.png']
    assert said[-1] == 'Without pictures, because they keep none of these images: DDT.'
