"""SIGTERM and Ctrl-C end a training after the running iteration, with a checkpoint from which it goes on exactly."""

import os
import signal
import threading
import uuid

import pytest
import torch
from killing import same_training
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy import StackingPreprocessor, ToyClassifier, ToyImages

from sltnet_mm.hooks import StopHook


@pytest.fixture(autouse=True)
def usual_handlers():
    """Those of a program in the foreground, wherever the tests run: background jobs of a shell ignore Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Signal(Hook):
    """Send this process a signal in an iteration."""

    priority = 'VERY_HIGH'

    def __init__(self, number, iteration, times=1):
        self.number, self.iteration, self.times = number, iteration, times

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.iteration:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)


def make(work_dir, *hooks, workers=0, safe=True):
    model = ToyClassifier()
    model.data_preprocessor = StackingPreprocessor()
    loader = dict(
        dataset=ToyImages(16),
        batch_size=4,
        num_workers=workers,
        persistent_workers=workers > 0,
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='pseudo_collate'),
    )
    checkpoint = 'sltnet_mm.SafeCheckpointHook' if safe else 'CheckpointHook'
    return Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        default_hooks=dict(
            checkpoint=dict(type=checkpoint, interval=1, max_keep_ckpts=2),
            logger=dict(type='LoggerHook', interval=1),
            stop=dict(type='sltnet_mm.StopHook'),
            exact_resume=dict(type='sltnet_mm.ExactResumeHook'),
        ),
        custom_hooks=list(hooks),
        default_scope='mmengine',
        log_level='WARNING',
        randomness=dict(seed=0),
        resume=True,
        experiment_name=str(uuid.uuid4()),
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
    )


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    make(folder).train()
    return folder


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('iteration', [2, 4, 6])
def test_it_ends_after_the_iteration_and_goes_on_from_there(whole, tmp_path, number, iteration):
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as end:
        make(tmp_path, Signal(number, iteration)).train()
    assert end.value.code == 128 + number and signal.getsignal(number) is before
    assert (tmp_path / 'last_checkpoint').read_text().endswith(f'stopped_iter_{iteration}.pth')
    make(tmp_path).train()
    same_training(whole, tmp_path, 'epoch_3.pth')
    assert not list(tmp_path.glob('stopped*')) and signal.getsignal(number) is before


def test_processes_that_load_data_leave_it_to_the_training(whole, tmp_path):
    class ToTheWorkers(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter == 5:
                for child in torch.multiprocessing.active_children():  # as slurm does
                    os.kill(child.pid, signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        make(tmp_path, ToTheWorkers(), workers=2).train()
    make(tmp_path, workers=2).train()
    same_training(whole, tmp_path, 'epoch_3.pth')


def test_a_second_signal_ends_it_at_once(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, Signal(signal.SIGINT, 3, times=2)).train()


def test_what_the_process_was_started_to_ignore_is_ignored(tmp_path):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    make(tmp_path, Signal(signal.SIGINT, 3)).train()
    assert (tmp_path / 'epoch_3.pth').exists() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_checkpoints_are_not_promised(tmp_path, caplog):
    runner = make(tmp_path, Signal(signal.SIGTERM, 2), safe=False)
    runner.logger.addHandler(caplog.handler)
    with pytest.raises(SystemExit):
        runner.train()
    assert 'no checkpoint was written' in caplog.text and not list(tmp_path.glob('*.pth'))


def test_a_thread_trains_without_signals(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=make(tmp_path).train)
    thread.start()
    thread.join()
    assert (tmp_path / 'epoch_3.pth').exists() and signal.getsignal(signal.SIGTERM) is before


def test_interval():
    with pytest.raises(ValueError, match='interval must be at least 1, got 0'):
        StopHook(interval=0)
