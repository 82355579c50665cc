"""``kill -9`` at random moments; started again, every tool ends with the bits of a run that was never killed.

``make test`` kills a few times, ``make test-faults`` 25 times a tool (KILLS=, SEED=).
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import config_of, write_checkpoint, write_checkpoints
from killing import Job, kill_at_random, same_training
from mmengine.config import Config

from sltnet_mm.structures.atomic_write import left_behind
from sltnet_mm.structures.box_file import read_box_file
from sltnet_mm.weights.latest import latest_checkpoint

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get('KILLS') or 25)
SEED = int(os.environ.get('SEED') or random.SystemRandom().randrange(10**6))
TRAINED = dict(
    slt_net='slt_net/slt-net_small-conv_1xb32-10e_synthetic',
    localizer='localizer/slt-localizer_small-conv_1xb32-10e_synthetic',
    regressor='regressor/regressor_small-conv_1xb32-10e_synthetic',
)


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    """Config and checkpoint of each part, with random weights, and a box file of the training images."""
    folder = tmp_path_factory.mktemp('parts')
    found = write_checkpoints(folder)
    for kind, images, batch in (('localizer', 26, 4), ('classifier', 24, 4)):
        cfg = Config.fromfile(found[kind][0])
        cfg.test_dataloader.batch_size = batch
        for name in ('train', 'val', 'test'):
            cfg[f'{name}_dataloader'].dataset.num_images = images
        cfg.dump(folder / f'{kind}.py')
    cfg = config_of('localizer')
    cfg.model = dict(type='ImageClassifier', data_preprocessor=cfg.model.data_preprocessor, backbone=cfg.model.backbone)
    cfg.test_dataloader.batch_size = 2
    cfg.train_dataloader.dataset.num_images = 36
    write_checkpoint(cfg, folder / 'ddt.pth')
    cfg.dump(folder / 'ddt.py')
    arguments = [folder / 'localizer.py', found['localizer'][1], '--out', folder / 'boxes.json']
    Job('tools/generate_pseudo_boxes.py', arguments, folder / 'boxes.log').finish()
    return folder


def training(parts, kind, workers=0):
    """The job of a tiny training with validations, into a folder; the config's own hooks, and the history of boxes."""
    history = "custom_hooks = [*_base_.get('custom_hooks', []), dict(type='sltnet_mm.IoUHistoryHook')]\n"
    inner = 'dataset=dict(num_images=26)' if kind == 'regressor' else 'num_images=26'
    boxes = f', boxes={str(parts / "boxes.json")!r}' if kind == 'regressor' else ''
    config = parts / f'{kind}_{workers}.py'
    config.write_text(
        f'_base_ = [{str(ROOT / "configs" / TRAINED[kind])!r} + ".py"]\n{history}'
        f'train_dataloader = dict(batch_size=6, num_workers={workers}, dataset=dict({inner}{boxes}))\n'
        'val_dataloader = dict(dataset=dict(num_images=13))\n'
        'train_cfg = dict(max_epochs=3, val_interval=1)\n'
        'default_hooks = dict(logger=dict(interval=1))\n'
    )
    return lambda folder: Job('tools/train.py', [config, '--work-dir', folder, '--resume'], folder.with_suffix('.log'))


def checkpoints_are_whole(folder):
    """What a kill leaves can be resumed, unless it came before the first checkpoint."""
    if list(folder.glob('*.pth')):
        assert latest_checkpoint(folder) is not None


def same_run(whole, killed):
    same_training(whole, killed, 'epoch_3.pth')
    one, other = (np.load(folder / 'iou_history.npz') for folder in (whole, killed))
    assert set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)
    assert not left_behind(killed) and sorted(path.name for path in killed.glob('*.pth')) == [
        'epoch_2.pth',
        'epoch_3.pth',
    ]


def same_file(name):
    def compare(whole, killed):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name

    return compare


def boxes(parts, kind, ranks=1):
    tool = 'tools/generate_ddt_boxes.py' if kind == 'ddt' else 'tools/generate_pseudo_boxes.py'
    weights = ['--checkpoint', parts / 'ddt.pth'] if kind == 'ddt' else [parts / 'localizer.pth']
    arguments = [parts / f'{kind}.py', *weights, *(['--launcher', 'pytorch'] if ranks > 1 else [])]
    return lambda folder: Job(
        tool,
        [*arguments, '--out', folder / 'boxes.json'],
        folder.with_suffix('.log'),
        ranks,
        result=folder / 'boxes.json',
    )


def boxes_are_whole(folder):
    if (folder / 'boxes.json').exists():
        read_box_file(folder / 'boxes.json')


def evaluation(parts):
    arguments = [parts / 'classifier.py', parts / 'classifier.pth']
    return lambda folder: Job(
        'tools/test.py',
        [*arguments, '--work-dir', folder / 'work', '--out-scores', folder / 'scores.npz'],
        folder.with_suffix('.log'),
        result=folder / 'scores.npz',
    )


def same_scores(whole, killed):
    one, other = (np.load(folder / 'scores.npz', allow_pickle=False) for folder in (whole, killed))
    assert set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_few_kills_of_a_training(parts, tmp_path):
    kill_at_random(training(parts, 'slt_net'), same_run, tmp_path, 2, SEED, checkpoints_are_whole)


def test_a_few_kills_of_box_files(parts, tmp_path):
    kill_at_random(boxes(parts, 'localizer'), same_file('boxes.json'), tmp_path, 2, SEED, boxes_are_whole)


@pytest.mark.faults
@pytest.mark.parametrize('kind', TRAINED)
def test_training(parts, tmp_path, kind):
    kill_at_random(training(parts, kind), same_run, tmp_path, KILLS, SEED, checkpoints_are_whole)


@pytest.mark.faults
def test_training_with_processes_that_load(parts, tmp_path):
    kill_at_random(training(parts, 'localizer', 2), same_run, tmp_path, KILLS // 5 + 1, SEED, checkpoints_are_whole)


@pytest.mark.faults
@pytest.mark.parametrize('ranks', [1, 2])
def test_pseudo_boxes(parts, tmp_path, ranks):
    kill_at_random(boxes(parts, 'localizer', ranks), same_file('boxes.json'), tmp_path, KILLS, SEED, boxes_are_whole)


@pytest.mark.faults
def test_ddt(parts, tmp_path):
    kill_at_random(boxes(parts, 'ddt'), same_file('boxes.json'), tmp_path, KILLS, SEED, boxes_are_whole)


@pytest.mark.faults
def test_evaluation_with_score_files(parts, tmp_path):
    kill_at_random(evaluation(parts), same_scores, tmp_path, KILLS, SEED)
