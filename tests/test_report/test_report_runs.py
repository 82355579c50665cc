import json
import logging
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

import sltnet_mm.datasets  # noqa: F401  (synthetic:// paths)
from sltnet_mm.report import (
    EpochLineHook,
    FirstPredictionsHook,
    ImageTiles,
    QuietRunner,
    StepTimer,
    prepare_config,
    read_losses,
)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text(
        "train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10)\n"
        'randomness = dict(seed=0, deterministic=True)\n'
        "param_scheduler = [dict(type='LinearLR', end=2), dict(type='CosineAnnealingLR', T_max=10)]\n"
    )
    return path


def test_prepared_configs(config, tmp_path):
    cfg = prepare_config(config, tmp_path / 'run', seed=5)
    assert cfg.work_dir == str(tmp_path / 'run')
    assert cfg.randomness == dict(seed=5, deterministic=True)
    assert cfg.train_cfg.max_epochs == 10 and cfg.param_scheduler[1].T_max == 10
    cfg = prepare_config(config, tmp_path, seed=0, epochs=3)
    assert cfg.train_cfg.max_epochs == 3
    assert cfg.param_scheduler[1].T_max == 3 and cfg.param_scheduler[0].end == 2


def test_configs_that_cannot_be_prepared(config):
    with pytest.raises(FileNotFoundError, match='nowhere.py'):
        prepare_config('nowhere.py', '', 0)
    with pytest.raises(ValueError, match='epochs must be at least 1'):
        prepare_config(config, '', 0, epochs=0)


def test_the_first_predictions_are_kept_over_batches_and_not_over_tests():
    hook = FirstPredictionsHook(5)
    for _ in range(2):
        hook.before_test_epoch(None)
        for batch in range(3):
            hook.after_test_iter(None, batch, outputs=[DataSample(number=3 * batch + i) for i in range(3)])
        assert [sample.number for sample in hook.samples] == [0, 1, 2, 3, 4]


def test_losses_are_read_without_the_total(tmp_path):
    folder = tmp_path / 'vis_data'
    folder.mkdir()
    lines = [
        dict(lr=0.1, loss=3.0, loss_smt=2.0, loss_bbox=1.0, iter=10, step=10),
        {'map/sltnet/gt_known': 4.0, 'step': 1},
        dict(loss=2.0, loss_smt=1.5, loss_bbox=0.5, iter=20, step=20),
    ]
    (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    assert read_losses(tmp_path) == dict(loss_smt=([10, 20], [2.0, 1.5]), loss_bbox=([10, 20], [1.0, 0.5]))
    (folder / 'scalars.json').write_text(json.dumps(dict(loss=3.0, iter=10, step=10)))
    assert read_losses(tmp_path) == dict(loss=([10], [3.0]))
    with pytest.raises(FileNotFoundError, match='scalars.json.*LocalVisBackend'):
        read_losses(tmp_path / 'other')


def test_epoch_lines_hold_the_means_of_the_epoch():
    lines = []
    hook = EpochLineHook(lines.append)
    scalars = {'train/loss': HistoryBuffer(), 'train/loss_smt': HistoryBuffer(), 'train/lr': HistoryBuffer()}
    runner = SimpleNamespace(iter=2, epoch=1, max_epochs=4, message_hub=SimpleNamespace(log_scalars=scalars))
    for value in (9.0, 9.0, 1.0, 2.0, 3.0):  # two iterations of the epoch before, three of this one
        for buffer in scalars.values():
            buffer.update(value)
    hook.before_train_epoch(runner)
    runner.iter = 5
    hook.after_train_epoch(runner)
    assert lines[0].startswith('      epoch 2/4: loss_smt 2.000, ') and lines[0].endswith(' s')
    del scalars['train/loss_smt']
    hook.after_train_epoch(runner)
    assert 'loss 2.000' in lines[1] and 'lr' not in lines[1]


def test_quiet_on_the_screen_complete_in_the_file(tmp_path, capsys):
    cfg = Config(dict(model=dict(type='ToyForQuiet'), work_dir=str(tmp_path), experiment_name=f'quiet{time.time_ns()}'))

    @MODELS.register_module(force=True)
    class ToyForQuiet(BaseModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return inputs

    runner = QuietRunner.from_cfg(cfg)
    runner.logger.info('only for the file')
    runner.logger.warning('something is deprecated')
    runner.logger.warning('for everyone')
    screen = ''.join(capsys.readouterr())
    assert 'for everyone' in screen
    assert 'only for the file' not in screen and 'deprecated' not in screen
    for handler in runner.logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.flush()
    log = next(tmp_path.rglob('*.log')).read_text()
    for text in ('only for the file', 'something is deprecated', 'for everyone'):
        assert text in log


def test_steps_are_numbered_and_measured(capsys):
    steps = StepTimer(2)
    with steps('first'):
        time.sleep(0.05)
    with pytest.raises(RuntimeError), steps('second'):
        raise RuntimeError
    assert '[1/2] first' in (shown := capsys.readouterr().out) and '[2/2] second' in shown
    assert 0.05 <= steps.seconds['first'] <= steps.elapsed()
    assert 'second' not in steps.seconds  # a step that failed was not done
    assert 'first 0 s' in steps.summary()


def test_tiles_show_boxes_maps_and_errors():
    path = 'synthetic://seed0-size64/test/000001-01.png'
    sample = DataSample(metainfo=dict(img_path=path, homography_matrix=np.eye(3), ori_shape=(64, 64)))
    sample.set_gt_label(1)
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[8.0, 8, 40, 40]]), labels=torch.tensor([1]))
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor([[8.0, 8, 40, 24]] * 2), labels=torch.tensor([0, 1]), scores=torch.tensor([0.75, 0.25])
    )
    sample.pred_score_map = torch.zeros(64, 64)
    sample.pred_score_map[8:40, 8:36] = 1
    tiles = ImageTiles(sample, ('bird', 'fish'), min_side=128)
    assert tiles.truth().caption == ('fish',)
    assert tiles.score_map(sample).caption == ('IoU 0.88',)
    assert tiles.box(sample).caption == ('IoU 0.50: wrong', 'bird 0.75')  # exactly one half is not above it
    for tile in (tiles.truth(), tiles.score_map(sample), tiles.box(sample)):
        assert tile.image.shape == (128, 128, 3)
    assert not np.array_equal(tiles.truth().image, tiles.box(sample).image)
    covered = tiles.score_map(sample).image[20:74, 20:66]  # twice the map's place, within the lines of its box
    assert (covered[..., 1] > covered[..., 2]).all()  # yellow, not violet
    assert (tiles.score_map(sample).image[90:, 90:, 1] < 120).all()
