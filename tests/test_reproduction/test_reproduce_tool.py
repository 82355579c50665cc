"""tools/reproduce.py from the command line on the embedded data."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TOOL = 'tools/reproduce.py'
SMALL = [f'{name}_dataloader.dataset.num_images={count}' for name, count in (('train', 64), ('val', 12), ('test', 24))]


@pytest.fixture
def reproduce(capsys, monkeypatch):
    """The tool in this process, where it starts no run of its own."""
    monkeypatch.chdir(ROOT)
    main = runpy.run_path(TOOL)['main']

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, 'argv', [TOOL, '--dataset', 'synthetic', *map(str, arguments)])
        try:
            ended = main()
        except SystemExit as end:
            ended = end.code
        out = ''.join(capsys.readouterr())
        assert ended == code, out
        return out

    return call


def test_chain_of_runs_is_run_once_and_joined(tmp_path, reproduce):
    """Localizer, its pseudo boxes, classifier, the regressor tested with the classifier's scores."""
    common = ['--work-dir', tmp_path, '--epochs', 1, '--device', 'cpu', '--jobs', 2, '--cfg-options', *SMALL]
    command = [sys.executable, TOOL, '--dataset', 'synthetic', '--table', '1', '--rows', '10', *map(str, common)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert '4 runs to do' in run.stdout and '[4/4] done' in run.stdout
    (file,) = tmp_path.glob('regressor*/*/results.json')
    results = json.loads(file.read_text())
    (classifier,) = tmp_path.glob('classifier*/*/results.json')
    top_1 = json.loads(classifier.read_text())['metrics']['accuracy/top1']
    assert abs(results['metrics']['cls/top1'] - top_1) < 1e-4  # the regressor has no labels of its own
    assert results['epochs'] == 1 and results['images'] == 24 and results['seed'] == 0 and results['device'] == 'CPU'
    text = (tmp_path / 'table1_synthetic.md').read_text()
    assert '| VGG16-SLT-Net | regressor_small-conv_1xb32-10e_synthetic | done | 76.6 |' in re.sub(' +', ' ', text)
    assert 'generate_pseudo_boxes.py' in text and 'tools/train.py configs/classifier' in text  # of the whole chain
    (history,) = tmp_path.glob('slt-localizer*/seed*/iou_history.npz')
    assert np.load(history)['iou_map'].shape == (1, 12)
    listed = reproduce('--table', 1, '--rows', 'SLT-Net', '--list', *common)
    assert 'VGG16-SLT-Net [done]' in listed and 'joint training (Sec. 3.1) [missing]' in listed
    before = file.stat().st_mtime
    assert '0 runs to do' in reproduce('--table', 1, '--rows', '10', *common)
    assert file.stat().st_mtime == before


def test_list_names_what_is_missing(tmp_path, reproduce):
    listed = reproduce('--table', 5, '--list', '--work-dir', tmp_path)
    assert 'CAM [missing]' in listed and 'new optimization [no config]' in listed and 'python tools/train.py' in listed
    assert '[no config]' in reproduce('--table', 1, '--list', '--work-dir', tmp_path)
    assert 'alpha = 0.1 [missing]' in reproduce('--figure', 4, '--list', '--work-dir', tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bad_input(reproduce):
    assert 'at least 1' in reproduce('--table', 5, '--epochs', 0, '--list', code=2)
    assert '--rows must be rows of table5' in reproduce('--table', 5, '--rows', 'nothing', '--list', code=2)
    assert 'only for ilsvrc' in reproduce('--table', 3, '--list', code=2)
    assert 'invalid choice' in reproduce('--figure', 2, '--list', code=2)
