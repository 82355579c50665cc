"""BoxSourceHook: the better part of the validation is chosen, kept in the checkpoint, and taken by the inferencer."""

import copy

import numpy as np
import pytest
import torch
from config_runs import config_of, shrink, train_and_test
from mmengine.runner import Runner

import sltnet_mm
from sltnet_mm.functional import box_iou
from sltnet_mm.hooks.box_source_hook import agreement_on_training_images
from sltnet_mm.models.box_source import BoxChoice
from sltnet_mm.pseudo_boxes.from_localizer import build_for_export


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Work dir of an SLT-Net after two iterations and a validation, its numbers, and its config."""
    folder = tmp_path_factory.mktemp('auto')
    cfg = shrink(config_of('slt-net_small-conv_1xb32-10e_synthetic'), folder)
    cfg.optim_wrapper.optimizer.lr = 1e-4
    assert cfg.model.test_cfg.box_from == 'auto'
    return folder, train_and_test(cfg)['metrics'], cfg


@pytest.mark.parametrize(
    ('regressor', 'localizer', 'source'),
    [(80.0, 79.9, 'regressor'), (79.9, 80.0, 'localizer'), (80.0, 80.0, 'regressor'), (None, 50.0, 'regressor')],
)
def test_the_better_part_is_chosen(regressor, localizer, source):
    choice = BoxChoice.by_accuracy(regressor, localizer)
    assert choice.source == source
    checkpoint = {}
    choice.write(checkpoint)
    assert BoxChoice.of_checkpoint(checkpoint) == choice


def test_the_validated_checkpoint_has_the_choice_and_the_log_says_why(run):
    folder, _, _ = run
    choice = BoxChoice.of_checkpoint(torch.load(folder / 'iter_2.pth', weights_only=False))
    assert choice.reason.startswith('GT-known on the validation split: regressor ')
    log = next(folder.glob('*/*.log')).read_text()
    assert f'SLTInferencer will give the box of the {choice.source} ({choice.reason})' in log
    saved = torch.load(folder / 'iter_2.pth', weights_only=False)
    assert {'meta', 'state_dict', 'optimizer', 'message_hub'} <= set(saved)


def test_both_parts_are_tested_whatever_was_chosen(run, tmp_path):
    folder, metrics, cfg = run
    checkpoint = torch.load(folder / 'iter_2.pth', weights_only=False)
    BoxChoice('localizer', 'this test says so').write(checkpoint)
    torch.save(checkpoint, tmp_path / 'localizer.pth')
    cfg = copy.deepcopy(cfg)
    cfg.update(load_from=str(tmp_path / 'localizer.pth'), work_dir=str(tmp_path / 'work'))
    runner = Runner.from_cfg(cfg)
    again = runner.test()
    assert again['box/sltnet/mean_iou'] == pytest.approx(metrics['box/sltnet/mean_iou'])
    lines = next((tmp_path / 'work').glob('*/*.log')).read_text().split('side by side:')[1].splitlines()[1:5]
    assert [line.split()[0] for line in lines[1:3]] == ['localizer', 'regressor']
    for line, source in zip(lines[1:3], ('map', 'box'), strict=True):
        assert float(line.split()[1]) == pytest.approx(again[f'{source}/sltnet/gt_known'], abs=0.05)
    assert lines[3] == 'SLTInferencer gives the box of the localizer (this test says so)'


def test_the_inferencer_takes_the_choice(run, tmp_path):
    folder, _, cfg = run
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    boxes = {}
    for source in ('regressor', 'localizer'):
        checkpoint = torch.load(folder / 'iter_2.pth', weights_only=False)
        BoxChoice(source, 'this test says so').write(checkpoint)
        torch.save(checkpoint, tmp_path / f'{source}.pth')
        inferencer = sltnet_mm.SLTInferencer(cfg, tmp_path / f'{source}.pth', device='cpu', show_progress=False)
        boxes[source] = inferencer(image)[0].box
        fixed = copy.deepcopy(cfg)
        fixed.model.test_cfg.box_from = source
        given = sltnet_mm.SLTInferencer(fixed, folder / 'iter_2.pth', device='cpu', show_progress=False)
        assert given(image)[0].box == boxes[source]
    assert boxes['regressor'] != boxes['localizer']


@pytest.mark.parametrize(('agreement', 'source'), [(0.95, 'regressor'), (0.9, 'regressor'), (0.89, 'localizer')])
def test_without_true_boxes_the_regressor_must_agree_with_its_localizer(agreement, source):
    choice = BoxChoice.by_agreement(agreement)
    assert choice.source == source and f'{agreement:.0%} of the training images' in choice.reason


def test_a_run_without_validation_chooses_by_agreement(run, tmp_path):
    _, _, cfg = run
    cfg = copy.deepcopy(cfg)
    cfg.update(work_dir=str(tmp_path), val_dataloader=None, val_cfg=None, val_evaluator=None)
    runner = Runner.from_cfg(cfg)
    runner.train()
    choice = BoxChoice.of_checkpoint(torch.load(tmp_path / 'iter_2.pth', weights_only=False))
    agreement = agreement_on_training_images(runner.model, cfg)
    assert choice == BoxChoice.by_agreement(agreement) and 'no true boxes to choose by' in choice.reason
    assert runner.model.training and runner.model.box_source == 'regressor'  # as before
    boxes = {}
    for source in ('localizer', 'regressor'):
        given = sltnet_mm.SLTInferencer(cfg, tmp_path / 'iter_2.pth', device='cpu', box_from=source)
        names = [build_for_export(cfg, 'train').get_data_info(i)['img_path'] for i in range(12)]
        boxes[source] = torch.tensor([result.box for result in given(names)])
    expected = (box_iou(boxes['localizer'], boxes['regressor']).diagonal() > 0.5).float().mean()
    assert agreement == pytest.approx(float(expected))
