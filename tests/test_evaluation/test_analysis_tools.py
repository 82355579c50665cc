"""evaluate_maps and compare_results from the command line, on a small folder."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sltnet_mm.datasets.evaluation_lists import read_evaluation_lists
from sltnet_mm.evaluation import evaluate_score_maps

TOOLS = Path(__file__).parents[2] / 'tools/analysis_tools'


def run(tool, *arguments):
    return subprocess.run([sys.executable, TOOLS / f'{tool}.py', *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'maps/d').mkdir(parents=True)
    (tmp_path / 'raw/d').mkdir(parents=True)
    names = [f'd/{index}.jpg' for index in range(6)]
    for name in names:
        score_map = rng.random((24, 24))
        score_map = (score_map - score_map.min()) / np.ptp(score_map)
        np.save(tmp_path / 'maps' / f'{name}.npy', score_map)
        np.save(tmp_path / 'raw' / f'{name[:-4]}.npy', rng.normal(size=(5, 5)))
    (tmp_path / 'image_ids.txt').write_text('\n'.join(names))
    (tmp_path / 'image_sizes.txt').write_text('\n'.join(f'{name},48,36' for name in names))
    boxes = [f'{name},{index},2,{30 + index},30' for index, name in enumerate(names)] + [f'{names[0]},0,0,5,5']
    (tmp_path / 'localization.txt').write_text('\n'.join(boxes))
    return tmp_path


def test_evaluate_maps(folder):
    out, table = folder / 'out/result.json', folder / 'out/table.csv'
    done = run('evaluate_maps', folder / 'maps', folder, '--protocols', 'wsolevaluation', 'sltnet', '--out', out,
               '--table', table, '--workers', 2)  # fmt: skip
    assert done.returncode == 0, done.stderr
    lists = read_evaluation_lists(folder)
    assert [len(boxes) for boxes in lists.gt_boxes] == [2, 1, 1, 1, 1, 1]
    maps = [np.load(folder / 'maps' / f'{name}.npy') for name in lists.names]
    expected = evaluate_score_maps(maps, lists.gt_boxes, image_sizes=lists.sizes)
    found = json.loads(out.read_text())['wsolevaluation']
    assert found['correct']['50'] == expected['correct'][50].tolist()
    assert re.search(rf'\| wsolevaluation +\| +{expected["best_threshold"]:.3f} \(best\) \|', done.stdout)
    with table.open() as file:
        rows = list(csv.DictReader(file))
    right = [row['map/wsolevaluation/right'] == 'True' for row in rows]
    assert 100 * np.mean(right) == pytest.approx(expected['max_box_acc'][50])
    compared = run(
        'compare_results', table, table, '--column', 'map/wsolevaluation/right', '--other-column', 'map/sltnet/right'
    )
    assert compared.returncode == 0, compared.stderr
    other = [row['map/sltnet/right'] == 'True' for row in rows]
    both = sum(a and b for a, b in zip(right, other, strict=True))
    assert f'6 images; correct in both: {both}' in compared.stdout
    assert (
        f'in the first: {sum(right) - both}' in compared.stdout
        and f'in the second: {sum(other) - both}' in compared.stdout
    )


def test_raw_maps_and_errors(folder):
    done = run('evaluate_maps', folder / 'raw', folder, '--raw', '--size', 32, 32)
    assert done.returncode == 0, done.stderr
    assert all(
        re.search(rf'^\| {name} +\|', done.stdout, re.MULTILINE)
        for name in ('sltnet', 'wsolevaluation', 'wsolevaluation-v2', 'tscam', 'cam2016')
    )
    (folder / 'maps/d/3.jpg.npy').unlink()
    assert "'d/3.jpg' has no map" in run('evaluate_maps', folder / 'maps', folder).stderr
    assert 'MAPS must be an existing folder' in run('evaluate_maps', folder / 'nowhere', folder).stderr


@pytest.mark.parametrize(
    'file, line, message',
    [
        ('image_ids.txt', 'd/0.jpg', 'listed twice'),
        ('image_sizes.txt', 'x.jpg,4,4', 'not in image_ids'),
        ('localization.txt', 'x.jpg,1,2,3,4', 'not in image_ids'),
        ('localization.txt', 'd/0.jpg,1,2,three,4', 'x1'),
        ('image_ids.txt', 'd/new.jpg', 'no size'),
    ],
)
def test_wrong_lists(folder, file, line, message):
    with (folder / file).open('a') as stream:
        stream.write('\n' + line)
    with pytest.raises(ValueError, match=message):
        read_evaluation_lists(folder)


def test_lists_without_box_or_file(folder):
    (folder / 'localization.txt').write_text('d/0.jpg,1,2,3,4')
    with pytest.raises(ValueError, match="'d/1.jpg' has no ground-truth box"):
        read_evaluation_lists(folder)
    (folder / 'image_sizes.txt').unlink()
    with pytest.raises(FileNotFoundError):
        read_evaluation_lists(folder)


def test_compare_refuses_other_images(folder):
    for name, rows in (('a', 'x,True'), ('b', 'y,True')):
        (folder / f'{name}.csv').write_text(f'image,map/sltnet/right\n{rows}\n')
    done = run('compare_results', folder / 'a.csv', folder / 'b.csv', '--column', 'map/sltnet/right')
    assert done.returncode != 0 and 'must be of the same images' in done.stderr
    done = run('compare_results', folder / 'a.csv', folder / 'b.csv', '--column', 'box/sltnet/right')
    assert "got 'box/sltnet/right'" in done.stderr
