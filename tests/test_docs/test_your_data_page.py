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

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/your_data.md').read_text()
CLASSES = ('cat', 'dog', 'hen')


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


def give_boxes(annotations: Path) -> None:
    """As the page says: the last two of each class go to val and test, with a box."""
    with open(annotations, newline='') as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        split = {'006': 'val', '007': 'test'}.get(Path(row['image']).stem)
        if split:
            row.update(split=split, x1=20, y1=15, x2=60, y2=45)
    with open(annotations, 'w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def arguments_of(command: str, assignments: list[str]) -> list[str]:
    """What bash makes of a command: its arguments, split and with the variables filled in."""
    script = '\n'.join([*assignments, 'python() { printf \'%s\\0\' "$@"; }', command])
    return subprocess.run(['bash', '-e', '-c', script], capture_output=True, text=True, check=True).stdout.split('\0')[
        :-1
    ]


def carry_out(commands: list[str]) -> None:
    """Run the page's commands in this process, which has paid for the imports; their variables hold from then on."""
    assignments: list[str] = []
    for command in '\n'.join(commands).replace('\\\n', ' ').splitlines():
        if command.startswith('python '):
            sys.argv = arguments_of(command, assignments)
            runpy.run_path(sys.argv[0], run_name='__main__')
        elif command:
            assert re.match('[A-Z]+=', command), command
            assignments.append(command)


@pytest.fixture(scope='module')
def done(tmp_path_factory):
    """The folder in which the whole page was carried out, the run's logs, and what the inferencer's script printed."""
    folder = tmp_path_factory.mktemp('your_data')
    for name in ('tools', 'configs'):
        (folder / name).symlink_to(ROOT / name)
    write_photographs(folder / 'photographs')
    scripts = re.findall(r'```(python|bash)\n(.*?)```', PAGE, re.DOTALL)
    assert [language for language, _ in scripts] == ['python', *['bash'] * 6, 'python']
    label, *commands, use = [text for _, text in scripts]
    used = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, 'argv', sys.argv)
        exec(label, {})
        with open('photographs/annotations.csv', newline='') as file:
            labeled = list(csv.DictReader(file))
        give_boxes(Path('photographs/annotations.csv'))
        carry_out(commands)
        with contextlib.redirect_stdout(used):
            exec(use, {})
    logs = '\n'.join(path.read_text() for path in folder.glob('work_dirs/mine/**/*.log'))
    return dict(folder=folder, labeled=labeled, logs=logs, used=used.getvalue())


def test_labels_come_from_the_folders(done):
    assert {row['label'] for row in done['labeled']} == set(CLASSES) and len(done['labeled']) == 24
    assert all(row['image'].startswith(row['label'] + '/') and row['split'] == 'train' for row in done['labeled'])


def test_training_evaluation_and_pictures(done):
    mine = done['folder'] / 'work_dirs/mine'
    assert (mine / 'epoch_1.pth').is_file() and (done['folder'] / 'work_dirs/without_boxes/epoch_1.pth').is_file()
    assert 'box/sltnet/gt_known' in done['logs'] and 'map/sltnet/gt_known' in done['logs']
    assert len(list(mine.glob('test/*/pictures/*.png'))) == 3
    assert list((done['folder'] / 'work_dirs/browse').glob('**/*.png'))


def test_boxes_of_the_training_images(done):
    boxes = json.loads((done['folder'] / 'work_dirs/mine/boxes.json').read_text())
    assert [category['name'] for category in boxes['categories']] == list(CLASSES)
    assert len(boxes['images']) == 18
    assert len(boxes['annotations']) + len(boxes['info']['images_without_box']) == 18


def test_the_inferencer_names_and_boxes_every_photograph(done):
    lines = [line.split(' ', 3) for line in done['used'].splitlines() if line.startswith('photographs/')]
    assert [line[0] for line in lines] == [f'photographs/{name}/{i:03d}.jpg' for name in CLASSES for i in range(8)]
    assert all(line[1] in CLASSES and 1 / 3 <= float(line[2]) <= 1 for line in lines)
    for line in lines:
        x1, y1, x2, y2 = map(float, line[3].strip('()').split(', '))
        assert 0 <= x1 < x2 <= 80.001 and 0 <= y1 < y2 <= 60.001
    assert len(list((done['folder'] / 'work_dirs/mine/drawn').glob('*.png'))) == 24


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
    for name in re.findall(r'^\| `([\w.-]+\.py)`', PAGE, re.MULTILINE):
        assert (ROOT / 'configs/slt_net' / name).is_file(), name
    for name in re.findall(r'\]\((\w+\.md)', PAGE):
        assert (ROOT / 'docs' / name).is_file(), name
