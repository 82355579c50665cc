"""Several runs at a time, failures, interruptions: the runs themselves are stand-ins that write a file."""

import json
import multiprocessing
import os
import signal
import time

import pytest
from reproduce import missing_runs

from reproduction import RunFolders, Settings, table
from reproduction import pool as pool_module
from reproduction.pool import Pool
from reproduction.runs import RESULTS

ROWS = {row.name: row.step for row in table(1, 'photos31').rows if row.step}


def stand_in(run, settings, connection):
    """Notes when it ran; writes what the real one would."""
    begun = time.time()
    behavior = settings.cfg_options['behavior']
    connection.send('epoch 1/1')
    time.sleep(behavior.get('seconds', 0.05))
    if run.step.config.split('/')[1].startswith(behavior.get('fails', '?')):
        (run.folder / 'failed.txt').write_text('Traceback')
        os._exit(1)
    (run.folder / 'boxes.json').write_text('{}')
    (run.folder / 'epoch_4.pth').write_text('')
    (run.folder / 'last_checkpoint').write_text('epoch_4.pth')
    metrics = {'map/sltnet/gt_known': 50.0}
    (run.folder / RESULTS).write_text(json.dumps(dict(metrics=metrics, begun=begun, ended=time.time())))


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, 'work_on', stand_in)
    monkeypatch.setattr(Pool, '_context', lambda self: multiprocessing.get_context('fork'))

    def make(jobs=2, **behavior):
        folders = RunFolders(tmp_path, Settings(cfg_options=dict(behavior=behavior)))
        lines, written = [], []
        made = Pool(folders, jobs, say=lines.append, on_done=lambda: written.append(1))
        return made, lines, written

    return make


def times(run):
    results = run.results()
    return results['begun'], results['ended']


def test_runs_wait_for_the_runs_that_they_need(pool):
    made, lines, written = pool(jobs=4)
    runs = missing_runs(ROWS.values(), made.folders, [0, 1])
    assert made.do(runs) and made.failed == [] and len(written) == len(runs) > 8
    for run in runs:
        assert run.state == 'done'
        for _, earlier, _ in run.inputs:
            assert times(earlier)[1] <= times(run)[0]
    assert any('GT-known 50.0 (map)' in line for line in lines) and any('epoch 1/1' in line for line in lines)
    assert any(f'[{len(runs)}/{len(runs)}] done' in line for line in lines)
    assert missing_runs(ROWS.values(), made.folders, [0, 1]) == [] and made.do([])


@pytest.mark.parametrize('jobs', [1, 3])
def test_never_more_than_jobs_at_a_time(pool, jobs):
    made, *_ = pool(jobs=jobs, seconds=0.05 if jobs == 1 else 1.0)
    runs = missing_runs([ROWS['VGG16-CAM'], ROWS['VGG16-SLT-Net, joint training (Sec. 3.1)']], made.folders, range(3))
    assert made.do(runs)
    spans = [times(run) for run in runs]
    together = max(sum(begun <= point < ended for begun, ended in spans) for point, _ in spans)
    assert together <= jobs and (jobs == 1 or together > 1)


def test_a_failure_stops_what_needs_it_and_nothing_else(pool):
    made, lines, _ = pool(fails='slt-localizer')
    runs = missing_runs(ROWS.values(), made.folders, [0])
    assert not made.do(runs)
    failed = {(run.step.tool, run.step.config.split('/')[1].split('_')[0]): run.state for run in made.failed}
    assert failed == {
        ('train', 'slt-localizer'): 'failed',
        ('pseudo_boxes', 'slt-localizer'): 'missing',
        ('train', 'regressor'): 'missing',
    }
    assert all(run.state == 'done' for run in runs if run not in made.failed)
    assert any('FAILED' in line and 'log.txt' in line for line in lines)


def test_a_signal_ends_the_runs_and_they_stay_interrupted(pool):
    made, lines, written = pool(seconds=30)
    runs = missing_runs([ROWS['VGG16-CAM']], made.folders, [0, 1])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    before, begun = signal.getsignal(signal.SIGTERM), time.time()
    others = set(multiprocessing.active_children())  # data loader workers that earlier tests left to the collector
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    with pytest.raises(KeyboardInterrupt):
        made.do(runs)
    assert time.time() - begun < 10 and signal.getsignal(signal.SIGTERM) is before
    assert [run.state for run in runs] == ['interrupted', 'interrupted'] and not written
    assert set(multiprocessing.active_children()) <= others
