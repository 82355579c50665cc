"""generate_ddt_boxes.py and evaluate_boxes.py from the command line, in this process."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from checkpoint_files import CONFIGS, STEMS, write_checkpoint
from mmengine.config import Config

ROOT = Path(__file__).parents[1]
CONFIG = """_base_ = [{base!r}]
model = dict(
    _delete_=True,
    type='ImageClassifier',
    data_preprocessor=_base_.model.data_preprocessor,
    backbone=_base_.model.backbone,
)
"""


@pytest.fixture
def run(monkeypatch, capsys):
    def call(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
        return capsys.readouterr().out

    return call


def test_ddt_boxes_are_written_once_and_evaluated(run, tmp_path, capsys):
    (tmp_path / 'ddt.py').write_text(CONFIG.format(base=str(CONFIGS / f'{STEMS["localizer"]}.py')))
    write_checkpoint(Config.fromfile(tmp_path / 'ddt.py'), tmp_path / 'backbone.pth')
    data = ['--cfg-options', 'test_dataloader.dataset.num_images=14', 'test_dataloader.dataset.num_classes=2']
    generate = ['generate_ddt_boxes.py', tmp_path / 'ddt.py', '--checkpoint', tmp_path / 'backbone.pth']
    generate += ['--split', 'test', '--out', tmp_path / 'boxes.json']
    assert '14 DDT boxes for 14 images written' in run(*generate, *data)
    first = (tmp_path / 'boxes.json').read_bytes()
    with pytest.raises(SystemExit):
        run(*generate, *data)
    assert 'boxes.json already exists. Use another name, or --overwrite' in capsys.readouterr().err
    run(*generate, '--overwrite', *data)
    assert (tmp_path / 'boxes.json').read_bytes() == first and not (tmp_path / 'boxes.json.parts').exists()

    evaluate = ['analysis_tools/evaluate_boxes.py', tmp_path / 'boxes.json', tmp_path / 'ddt.py']
    printed = run(*evaluate, '--out', tmp_path / 'numbers.json', '--protocols', 'sltnet', 'tscam', *data)
    numbers = json.loads((tmp_path / 'numbers.json').read_text())
    assert f'box/sltnet/gt_known: {numbers["box/sltnet/gt_known"]:.2f}' in printed
    assert {'box/tscam/gt_known', 'box/sltnet/mean_iou'} <= set(numbers)
    with pytest.raises(ValueError, match='boxes.json does not match'):
        run(*evaluate, '--split', 'val', '--cfg-options', 'val_dataloader.dataset.num_classes=2')
