"""docs/your_data.md, its scripts and commands as they stand in the page, one after the other, on generated images."""

import contextlib
import csv
import io
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from sltnet_mm.labeling.command import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/your_data.md').read_text()
CLASSES = ('cat', 'dog', 'hen')
# What the tests change of the one command: no download, two epochs.
QUICK = ['--network', 'squeezenet1-1', '--epochs', '2', '--cfg-options']
QUICK += [f'model.{part}.backbone.checkpoint=None' for part in ('localizer', 'regressor')]


def write_photographs(folder: Path) -> None:
    """Eight bright rectangles a class, of its own color, on noise."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            image = rng.integers(0, 90, (60, 80, 3), dtype=np.uint8)
            image[15:45, 20:60, label] = 250
            cv2.imwrite(str(folder / name / f'{number:03d}.jpg'), image)
        for clutter in ('._000.jpg', '.ipynb_checkpoints/000-checkpoint.jpg', 'Thumbs.db'):
            (folder / name / clutter).parent.mkdir(exist_ok=True)
            (folder / name / clutter).write_bytes(b'no image')


def words_of(command: str, assignments: list[str]) -> list[str]:
    """What bash makes of a command: its words, with the variables filled in."""
    script = '\n'.join([*assignments, f"printf '%s\\0' {command}"])
    found = subprocess.run(['bash', '-e', '-c', script], capture_output=True, text=True, check=True)
    return found.stdout.split('\0')[:-1]


def run_tool(words: list[str]) -> None:
    """Run a command in this process, which has paid for the imports."""
    if words[0] == 'sltnet-boxes':
        assert main([*words[1:], *QUICK]) == 0
        return
    sys.argv = words[1:]
    runpy.run_path(sys.argv[0], run_name='__main__')


def carry_out(commands: list[str]) -> None:
    """Run the page's commands; their variables hold from then on."""
    assignments: list[str] = []
    for command in '\n'.join(commands).replace('\\\n', ' ').splitlines():
        if filled := re.fullmatch(r'([A-Z_]+)=\$\((python .*)\)', command):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                run_tool(words_of(filled[2], assignments))
            assignments.append(f'{filled[1]}="{printed.getvalue().strip()}"')
        elif command.startswith(('python ', 'sltnet-boxes ')):
            run_tool(words_of(command, assignments))
        elif command:
            assert re.match('[A-Z_]+=', command), command
            assignments.append(command)


@pytest.fixture(scope='module')
def done(tmp_path_factory):
    """The folder in which the whole page was carried out, the run's logs, and what the inferencer's script printed."""
    folder = tmp_path_factory.mktemp('your_data')
    for name in ('tools', 'configs'):
        (folder / name).symlink_to(ROOT / name)
    write_photographs(folder / 'photographs')
    scripts = re.findall(r'```(python|bash)\n(.*?)```', PAGE, re.DOTALL)
    assert [language for language, _ in scripts] == ['bash', 'python', *['bash'] * 5]
    (one,), (use,), steps = ([text for _, text in scripts[part]] for part in (slice(0, 1), slice(1, 2), slice(2, None)))
    used = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, 'argv', sys.argv)
        carry_out([one])
        with contextlib.redirect_stdout(used):
            exec(use, {})
        carry_out(steps)
    return dict(folder=folder, used=used.getvalue())


def test_the_one_command_boxes_every_photograph(done):
    result = done['folder'] / 'work_dirs/boxes'
    boxes = json.loads((result / 'boxes.json').read_text())
    assert [category['name'] for category in boxes['categories']] == list(CLASSES) and len(boxes['images']) == 24
    assert len(boxes['annotations']) + len(boxes['info']['images_without_box']) == 24
    assert {'doubt', 'signals', 'label'} <= set(boxes['images'][0])
    for name in re.findall(r'^\| `([\w./]+)`', PAGE.partition('## 2.')[0], re.MULTILINE):
        assert (result / name).exists(), name
    assert len(list(result.glob('export/yolo/labels/*/*.txt'))) == 24


def test_the_inferencer_gives_the_boxes_of_the_file(done):
    result = done['folder'] / 'work_dirs/boxes'
    with open(result / 'more.csv', newline='') as file:
        rows = {row['image']: row for row in csv.DictReader(file)}
    boxes = json.loads((result / 'boxes.json').read_text())
    names = {image['id']: f'photographs/{image["file_name"]}' for image in boxes['images']}
    assert sorted(rows) == sorted(names.values()) and len(list((result / 'drawn').glob('*.png'))) == 24
    for annotation in boxes['annotations']:
        row, (x, y, w, h) = rows[names[annotation['image_id']]], annotation['bbox']
        assert [float(row[key]) for key in ('x1', 'y1', 'x2', 'y2')] == pytest.approx([x, y, x + w, y + h], abs=0.02)
        assert row['box_from'] == boxes['info']['source']
        assert float(row['score']) == pytest.approx(annotation['score'], abs=1e-3)
    lines = [line.split(' ', 3) for line in done['used'].splitlines() if line.startswith('photographs/')]
    assert len(lines) == 24 and all(line[1] in CLASSES and 1 / 3 <= float(line[2]) <= 1 for line in lines)


def test_the_detectors_config_fits_the_boxes(done):
    cfg = Config.fromfile(done['folder'] / 'work_dirs/boxes/detector.py')
    dataset = cfg.train_dataloader.dataset
    assert cfg.model.bbox_head.num_classes == 3 and dataset.metainfo.classes == CLASSES
    assert Path(dataset.ann_file) == (done['folder'] / 'work_dirs/boxes/boxes.json').resolve()
    init_default_scope('mmdet')
    assert len(DATASETS.build(dataset)) > 0 and cfg.val_cfg is None


def test_labels_come_from_the_folders(done):
    with open(done['folder'] / 'photographs/annotations.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert {row['label'] for row in rows} == set(CLASSES) and len(rows) == 24
    assert all(row['image'].startswith(row['label'] + '/') and row['split'] == 'train' for row in rows)


def test_the_steps_give_boxes_and_pictures(done):
    mine = done['folder'] / 'work_dirs/mine'
    assert (mine / 'epoch_1.pth').is_file() and (mine / 'boxes.png').is_file()
    boxes = json.loads((mine / 'boxes.json').read_text())
    assert [category['name'] for category in boxes['categories']] == list(CLASSES) and len(boxes['images']) == 24
    assert list((done['folder'] / 'work_dirs/browse').glob('**/browse_train.png'))
    (log,) = mine.glob('*/*.log')
    text = log.read_text()
    assert "data_root = 'photographs'" in text and 'data/mine' not in text
    assert 'no true boxes to choose by' in text


def test_the_readme_example_runs_as_it_stands(done, monkeypatch, capsys):
    readme = (ROOT / 'README.md').read_text()
    (example,) = re.findall(r'```python\n(import sltnet_mm\n.*?)```', readme, re.DOTALL)
    monkeypatch.chdir(done['folder'])
    trained = Path('work_dirs/mine/epoch_4.pth')  # the example's is the whole training's, the rehearsal has one epoch
    trained.symlink_to('epoch_1.pth')
    exec(example, {})
    lines = [line.split(' ') for line in capsys.readouterr().out.splitlines() if line.startswith('photographs/')]
    assert len(lines) == 24 and all(line[1] in CLASSES for line in lines)
    assert len(list(Path('pictures').glob('*.png'))) == 24


def test_files_named_in_the_page_exist():
    for name in re.findall(r'(?:configs|tools)/[\w./-]+\.(?:py)', PAGE):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r'^\| `(slt-net[\w.-]+\.py)`', PAGE, re.MULTILINE):
        assert (ROOT / 'configs/slt_net' / name).is_file(), name
    for name in re.findall(r'\]\((\w+\.md)', PAGE):
        assert (ROOT / 'docs' / name).is_file(), name
