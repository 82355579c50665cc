"""What the command-line tools set in the config and the runner, without running it."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import config_of, write_checkpoints
from mmengine.config import Config

from sltnet_mm import command_line
from sltnet_mm.config import innermost
from sltnet_mm.datasets import SyntheticLocalization

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs/localizer/cam_small-conv_1xb32-10e_synthetic.py'


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('checkpoints'))


@pytest.fixture
def run(monkeypatch):
    def call(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')

    return call


@pytest.fixture
def built(monkeypatch):
    """The configs that the tool builds runners from; nothing runs."""
    found = []

    class Nothing:
        def __init__(self, cfg):
            found.append(cfg)

        def train(self):
            pass

        test = train

    monkeypatch.setattr(command_line, 'build_runner', Nothing)
    return found


def test_resume_with_an_empty_work_dir_starts_from_load_from(run, built, tmp_path):
    arguments = [CONFIG, '--work-dir', tmp_path, '--cfg-options', 'load_from=first.pth']
    run('train.py', *arguments, '--resume')
    assert built[-1].load_from == 'first.pth' and not built[-1].resume
    torch.save(dict(meta=dict(iter=9), state_dict={}, message_hub={}, optimizer={}), tmp_path / 'epoch_3.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_3.pth'))
    run('train.py', *arguments, '--resume')
    assert built[-1].load_from == str(tmp_path / 'epoch_3.pth') and built[-1].resume
    run('train.py', *arguments, '--resume', 'other.pth')
    assert built[-1].load_from == 'other.pth' and built[-1].resume
    run('train.py', *arguments)
    assert built[-1].load_from == 'first.pth' and not built[-1].resume


def wrapped_config(folder: Path, kind: str = 'localizer') -> Path:
    """A config whose data sets are two parts of the embedded data, joined."""
    cfg = config_of(kind)
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        part = dict(loader.dataset, num_images=4)
        loader.dataset = dict(
            type='ConcatDataset', datasets=[part, dict(type='RepeatDataset', times=1, dataset=dict(part, seed=1))]
        )
    cfg.dump(folder / 'wrapped.py')
    return folder / 'wrapped.py'


def test_tta_reaches_the_parts_of_a_joined_data_set(run, built, checkpoints, tmp_path):
    run('test.py', wrapped_config(tmp_path), checkpoints['localizer'][1], '--tta')
    parts = innermost(built[-1].test_dataloader.dataset)
    assert len(parts) == 2 and all(part.pipeline == built[-1].tta_pipeline for part in parts)


def test_exports_refuse_joined_data_sets_by_name(run, checkpoints, tmp_path):
    config, out = wrapped_config(tmp_path), tmp_path / 'out.json'
    for tool, *arguments in (
        ('generate_pseudo_boxes.py', config, checkpoints['localizer'][1]),
        ('generate_ddt_boxes.py', config, '--checkpoint', checkpoints['localizer'][1]),
        ('boxes_from_maps.py', config, tmp_path),
        ('dataset_converters/localization_to_coco.py', config),
    ):
        with pytest.raises(ValueError, match='the data set is wrapped in ConcatDataset, which this tool cannot take'):
            run(tool, *arguments, '--out', out, '--split', 'test')
    assert not out.exists()


def test_the_inferencer_takes_the_pipeline_of_the_parts(checkpoints, tmp_path):
    import sltnet_mm

    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    wrapped, plain = (
        sltnet_mm.SLTInferencer(config, checkpoints['localizer'][1], device='cpu')(image)[0]
        for config in (wrapped_config(tmp_path), checkpoints['localizer'][0])
    )
    assert (wrapped.box, wrapped.score) == (plain.box, plain.score)


def test_the_file_of_scores_has_the_class_names(run, checkpoints, tmp_path):
    config, checkpoint = checkpoints['localizer']
    few = ['--cfg-options', 'test_dataloader.dataset.num_images=8', 'test_dataloader.num_workers=0']
    few.append('test_dataloader.persistent_workers=False')
    run('test.py', config, checkpoint, '--work-dir', tmp_path, '--out-scores', tmp_path / 'scores.npz', *few)
    classes = SyntheticLocalization(split='test', num_images=8).metainfo['classes']
    assert tuple(np.load(tmp_path / 'scores.npz')['classes']) == classes
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.classes = [*classes[1:], classes[0]]
    (metric,) = (each for each in cfg.test_evaluator if each.type == 'sltnet_mm.LocalizationMetric')
    metric.score_file = str(tmp_path / 'scores.npz')
    del cfg.default_hooks['checkpoint_fit']
    cfg.dump(tmp_path / 'turned.py')
    with pytest.raises(ValueError, match=r'scores.npz has \d+ classes \(.*, \.\.\.\), the evaluated data has'):
        run('test.py', tmp_path / 'turned.py', checkpoint, '--work-dir', tmp_path, *few)


def test_pseudo_boxes_need_the_classes_of_the_checkpoint(run, checkpoints, tmp_path):
    classes = SyntheticLocalization(num_images=8).metainfo['classes']
    config, checkpoint = checkpoints['localizer']
    turned = f'test_dataloader.dataset.classes={[*classes[1:], classes[0]]}'.replace(' ', '')
    with pytest.raises(ValueError, match='the checkpoint and the data set must have the same classes'):
        run('generate_pseudo_boxes.py', config, checkpoint, '--out', tmp_path / 'boxes.json', '--split', 'test',
            '--cfg-options', turned)  # fmt: skip


def test_tools_do_not_replace_their_outputs(run, checkpoints, tmp_path, capsys):
    config, checkpoint = checkpoints['localizer']
    scores, table, numbers = (tmp_path / name for name in ('scores.npz', 'table.csv', 'numbers.json'))
    (tmp_path / 'out.pkl').touch()
    for path in (scores, table, numbers, tmp_path / 'browse_test.png'):
        path.write_text('mine')
    for command in (
        ['test.py', config, checkpoint, '--out-scores', scores],
        ['test.py', config, checkpoint, '--out', tmp_path / 'out.pkl'],
        ['analysis_tools/evaluate_boxes.py', 'boxes.json', config, '--out', numbers],
        ['analysis_tools/evaluate_boxes.py', 'boxes.json', config, '--table', table],
        ['analysis_tools/evaluate_maps.py', tmp_path, tmp_path, '--out', numbers],
        ['analysis_tools/evaluate_maps.py', tmp_path, tmp_path, '--table', table],
        ['analysis_tools/compare_results.py', 'a.csv', 'b.csv', '--column', 'x', '--out', table],
        ['analysis_tools/browse_dataset.py', config, '--splits', 'test', '--out', tmp_path],
    ):
        with pytest.raises(SystemExit):
            run(*command)
        assert 'already exists. Use another name, or --overwrite to replace it' in capsys.readouterr().err
    assert {path.read_text() for path in (scores, table, numbers)} == {'mine'}
    run('analysis_tools/browse_dataset.py', config, '--splits', 'test', '--number', 1, '--out', tmp_path, '--overwrite')
    assert (tmp_path / 'browse_test.png').read_bytes().startswith(b'\x89PNG')
