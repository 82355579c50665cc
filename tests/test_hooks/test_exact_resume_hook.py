"""A training that is stopped anywhere and resumed ends with the bits of one that ran through."""

import logging
import random
import uuid

import numpy as np
import pytest
import torch
from killing import same_training
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy import StackingPreprocessor, ToyClassifier, ToyImages

from sltnet_mm.weights.loading import load_checkpoint_file

EPOCHS, BATCHES = 3, 4
ITERATIONS = EPOCHS * BATCHES


class NoisyImages(ToyImages):
    """Images to which every generator adds noise, as random crops and colors do."""

    def __getitem__(self, i):
        sample = super().__getitem__(i)
        sample['inputs'] = sample['inputs'] * (np.random.rand() + random.random() + float(torch.rand(())))
        return sample


class NoisyClassifier(ToyClassifier):
    """A model that draws numbers, and counts outside of its buffers."""

    def __init__(self):
        super().__init__()
        self.statistics = {}

    def maps(self, inputs):
        return torch.nn.functional.dropout(super().maps(inputs), 0.5, self.training)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'predict':
            return data_samples
        if mode == 'loss':
            self.statistics['calls'] = self.statistics.get('calls', 0) + 1
        return super().forward(inputs, data_samples, mode)


class Luck(BaseMetric):
    """A metric that draws a number."""

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(acc=float(np.random.rand()))


class Stop(Exception):
    pass


class StopAt(Hook):
    """End as a kill does: in an iteration, in a validation, or when a checkpoint was written."""

    priority = 'LOWEST'

    def __init__(self, iteration=None, validation=None):
        self.iteration, self.validation = iteration, validation

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            raise Stop

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if self.validation is not None and runner.iter >= self.validation:
            raise Stop


def make(work_dir, *hooks, resume=True, workers=0, accumulate=1, by_epoch=True, loop='epoch', sampler='DefaultSampler'):
    model = NoisyClassifier()
    model.data_preprocessor = StackingPreprocessor()
    loader = dict(
        dataset=NoisyImages(4 * BATCHES),
        batch_size=4,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=dict(type='pseudo_collate'),
    )
    loops = dict(
        epoch=dict(by_epoch=True, max_epochs=EPOCHS),
        iter=dict(by_epoch=False, max_iters=ITERATIONS, val_interval=3),
    )
    best = 'acc' if by_epoch else None
    return Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(loader, sampler=dict(type=sampler, shuffle=True)),
        train_cfg=loops[loop],
        val_dataloader=dict(loader, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(),
        val_evaluator=[Luck()],
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9), accumulative_counts=accumulate
        ),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=9)],
        default_hooks=dict(
            checkpoint=dict(
                type='sltnet_mm.SafeCheckpointHook', interval=1, by_epoch=by_epoch, max_keep_ckpts=2, save_best=best
            ),
            logger=dict(type='LoggerHook', interval=1),
            exact_resume=dict(type='sltnet_mm.ExactResumeHook'),
            ema=dict(type='EMAHook', momentum=0.3),
        ),
        custom_hooks=list(hooks),
        default_scope='mmengine',
        log_level='WARNING',
        randomness=dict(seed=0),
        resume=resume,
        experiment_name=str(uuid.uuid4()),
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
    )


def interrupted(work_dir, *stops, **settings):
    for stop in stops:
        with pytest.raises(Stop):
            make(work_dir, stop, **settings).train()
    make(work_dir, **settings).train()
    return work_dir


SETTINGS = {
    'epochs': dict(),
    'workers': dict(workers=2),
    'checkpoints by iteration': dict(by_epoch=False),
    'accumulated gradients': dict(by_epoch=False, accumulate=3),
    'loop by iterations': dict(loop='iter', by_epoch=False),
    'loop by iterations, endless sampler': dict(loop='iter', by_epoch=False, sampler='InfiniteSampler'),
}


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """The run of each setting that nothing interrupts."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = tmp_path_factory.mktemp('whole')
            make(found[name], **SETTINGS[name]).train()
        return found[name]

    return of


@pytest.mark.parametrize('name', SETTINGS)
def test_every_place_to_stop_gives_the_same_bits(whole, tmp_path, name):
    settings = SETTINGS[name]
    last = f'epoch_{EPOCHS}.pth' if settings.get('by_epoch', True) else f'iter_{ITERATIONS}.pth'
    places = [(StopAt(5), StopAt(6), StopAt(11)), (StopAt(8), StopAt(validation=8), StopAt(12))]
    for number, stops in enumerate(places if settings.get('workers', 0) == 0 else places[:1]):
        folder = interrupted(tmp_path / str(number), *stops, **settings)
        same_training(whole(name), folder, last)


def test_the_comparison_can_fail(whole, tmp_path):
    """Without the hook, as mmengine resumes, the same comparison finds a difference."""
    with pytest.raises(Stop):
        make(tmp_path, StopAt(5)).train()
    runner = make(tmp_path)
    runner._hooks = [hook for hook in runner._hooks if type(hook).__name__ != 'ExactResumeHook']
    runner._load_from = str(tmp_path / 'epoch_1.pth')
    runner.train()
    with pytest.raises(AssertionError):
        same_training(whole('epochs'), tmp_path, f'epoch_{EPOCHS}.pth')


def test_workers_change_no_number(whole):
    one, other = (load_checkpoint_file(whole(name) / 'epoch_3.pth')['state_dict'] for name in ('epochs', 'workers'))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_epochs_draw_different_noise(tmp_path):
    seen = []

    class Look(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            seen.append(torch.stack(list(data_batch['inputs'])).abs().sum().item())

    make(tmp_path, Look()).train()
    assert len(set(seen)) == ITERATIONS


def test_the_seed_of_the_first_start_stays(whole, tmp_path):
    with pytest.raises(Stop):
        make(tmp_path, StopAt(7)).train()
    runner = make(tmp_path)
    runner._randomness_cfg['seed'] = 5  # as --cfg-options randomness.seed=5 at the resume
    runner._seed = 5
    runner.train()
    same_training(whole('epochs'), tmp_path, f'epoch_{EPOCHS}.pth')


def test_what_is_not_exact_is_said(tmp_path, caplog):
    with pytest.raises(Stop):
        make(tmp_path, StopAt(7)).train()
    found = load_checkpoint_file(tmp_path / 'epoch_1.pth')
    found.pop('exact_resume')
    torch.save(found, tmp_path / 'epoch_1.pth')
    runner = make(tmp_path)
    runner.logger.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        runner.train()
    assert 'will not end with the same bits' in caplog.text and 'written without this hook' in caplog.text
