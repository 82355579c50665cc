"""Nothing that a checkpoint names is run, by no tool and no function, unless the user says so."""

import contextlib
import os
import pickle
import runpy
import sys
from pathlib import Path

import mmengine.runner
import numpy as np
import pytest
import torch
from checkpoint_files import write_checkpoints
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import CheckpointLoader
from torch import nn

import sltnet_mm
from sltnet_mm.evaluation import ScoreFile
from sltnet_mm.models import TorchvisionBackbone
from sltnet_mm.trust import TRUST, UntrustedFileError
from sltnet_mm.weights import Pretrained
from sltnet_mm.weights.loading import load_checkpoint_file, protected_loading

ROOT = Path(__file__).parents[2]


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture(scope='module')
def good(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('good'))


@pytest.fixture(params=['pickle', 'torch', 'torch_legacy'])
def evil(request, good, tmp_path):
    """A file that would be the localizer's checkpoint, and the folder that appears if its code runs."""
    path, ran = tmp_path / 'evil.pth', tmp_path / 'ran'
    content = dict(torch.load(good['localizer'][1]), extra=Evil(ran))
    if request.param == 'pickle':
        path.write_bytes(pickle.dumps(Evil(ran), protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=request.param == 'torch')
    return path, ran


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.delenv(TRUST, raising=False)
    before = CheckpointLoader.__dict__['load_checkpoint']

    def call(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        monkeypatch.chdir(ROOT)
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')

    yield call
    os.environ.pop(TRUST, None)
    CheckpointLoader.load_checkpoint = before


def commands(path: Path, good: dict, folder: Path) -> dict[str, list]:
    config, small = good['localizer'][0], ['--work-dir', folder / 'work', '--cfg-options']
    small += [f'{split}_dataloader.{setting}' for split in ('train', 'val', 'test') for setting in ('num_workers=0',)]
    small += [f'{split}_dataloader.persistent_workers=False' for split in ('train', 'val', 'test')]
    small += [f'{split}_dataloader.dataset.num_images=32' for split in ('train', 'val', 'test')]
    small += ['train_cfg.max_epochs=1']
    regressor = good['regressor'][1]
    return {
        'test': ['test.py', config, path, *small],
        'train_load_from': ['train.py', config, *small, f'load_from={path}'],
        'train_resume': ['train.py', config, '--resume', path, *small],
        'pseudo_boxes': ['generate_pseudo_boxes.py', config, path, '--out', folder / 'boxes.json', *small],
        'ddt': ['generate_ddt_boxes.py', config, '--checkpoint', path, '--out', folder / 'boxes.json', *small],
        'merge': ['model_converters/merge_parts.py', path, '--classifier', regressor, '--out', folder / 'out.pth'],
        'merge_classifier': [
            'model_converters/merge_parts.py', good['slt_net'][1], '--classifier', path, '--out', folder / 'out.pth',
        ],
    }  # fmt: skip


NAMES = ('test', 'train_load_from', 'train_resume', 'pseudo_boxes', 'ddt', 'merge', 'merge_classifier')


@pytest.mark.parametrize('name', NAMES)
def test_no_tool_runs_what_a_checkpoint_names(run, evil, good, tmp_path, name):
    path, ran = evil
    with pytest.raises(UntrustedFileError, match=r'evil.pth was not loaded, because .*mkdir.*--trust-files'):
        run(*commands(path, good, tmp_path)[name])
    assert not ran.exists()


@pytest.mark.parametrize('evil', ['torch'], indirect=True)
@pytest.mark.parametrize('name', ['test', 'pseudo_boxes', 'merge_classifier'])
def test_the_flag_opens_old_files(run, evil, good, tmp_path, name):
    path, ran = evil
    run(*commands(path, good, tmp_path)[name], '--trust-files')
    assert ran.is_dir()


def test_nothing_in_the_package_runs_it(evil, good, monkeypatch):
    path, ran = evil
    monkeypatch.delenv(TRUST, raising=False)
    for load in (
        lambda: sltnet_mm.SLTInferencer(good['localizer'][0], path, device='cpu'),
        lambda: Pretrained(str(path))(nn.Linear(1, 1)),
        lambda: TorchvisionBackbone('squeezenet1_1', checkpoint=str(path)).init_weights(),
        lambda: load_checkpoint_file(path),
    ):
        with pytest.raises(UntrustedFileError, match='evil.pth was not loaded'):
            load()
    with protected_loading(), pytest.raises(UntrustedFileError, match='evil.pth was not loaded'):
        mmengine.runner.load_checkpoint(nn.Linear(1, 1), str(path))
    assert not ran.exists()
    with contextlib.suppress(ValueError):  # the bare pickle is no checkpoint
        load_checkpoint_file(path, trust=True)
    assert ran.is_dir()  # so the file does what it is for


def test_the_inferencer_asks_for_trust_and_leaves_mmengine_as_it_was(evil, good, monkeypatch):
    path, ran = evil
    if path.read_bytes()[:2] != b'PK':
        return
    monkeypatch.delenv(TRUST, raising=False)
    before = CheckpointLoader.__dict__['load_checkpoint'], dict(os.environ)
    assert sltnet_mm.SLTInferencer(good['localizer'][0], path, device='cpu', trust_files=True).classes
    assert ran.is_dir() and before == (CheckpointLoader.__dict__['load_checkpoint'], dict(os.environ))


def test_getattr_in_a_checkpoint_reaches_nothing_else(tmp_path):
    """mmengine's own list allows ``getattr`` of anything, and with it the globals of its modules."""

    class Reach:
        def __reduce__(self):
            return getattr, (HistoryBuffer, '__init__')

    torch.save(dict(state_dict={}, extra=Reach()), tmp_path / 'reach.pth')
    with pytest.raises(UntrustedFileError, match="Unsupported attribute '__init__'"):
        load_checkpoint_file(tmp_path / 'reach.pth')


def test_what_training_writes_is_read(tmp_path):
    """Log history, NumPy numbers and arrays, class names."""
    hub = MessageHub('a_name_for_this_test')
    for value in (1.0, np.float32(2), np.float64(3)):
        hub.update_scalar('train/loss', value)
    hub.update_info('array', np.arange(3))
    meta = dict(dataset_meta=dict(classes=('a', 'b'), palette=[(1, 2, 3)]), number=np.int64(7), text=np.array(['a']))
    torch.save(dict(state_dict={}, meta=meta, message_hub=hub.state_dict()), tmp_path / 'own.pth')
    loaded = load_checkpoint_file(tmp_path / 'own.pth')
    assert loaded['message_hub']['log_scalars']['train/loss'].mean() == 2
    assert loaded['message_hub']['log_scalars']['train/loss'].statistics('max') == 3
    assert loaded['meta']['dataset_meta'] == meta['dataset_meta'] and loaded['meta']['number'] == 7


@pytest.mark.parametrize('keep', [0, 10, 1000, -10])
def test_damaged_files_are_named(good, tmp_path, keep):
    path = tmp_path / 'cut.pth'
    path.write_bytes(good['localizer'][1].read_bytes()[:keep])
    with pytest.raises(ValueError, match='cut.pth is not a checkpoint, or an incomplete one'):
        load_checkpoint_file(path)
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match='cut.pth is not a checkpoint: it holds a list'):
        load_checkpoint_file(path)


def test_pickled_scores_are_refused_unless_trusted(tmp_path, monkeypatch):
    monkeypatch.delenv(TRUST, raising=False)
    path, ran = tmp_path / 'out.pkl', tmp_path / 'ran'
    path.write_bytes(pickle.dumps([Evil(ran)]))
    with pytest.raises(UntrustedFileError, match=r'out.pkl was not read.*--out-scores FILE.npz'):
        ScoreFile(path)
    np.savez(tmp_path / 'scores.npz', img_id=np.array([Evil(ran)], object), scores=np.zeros((1, 2)), classes=[])
    with pytest.raises(ValueError, match=r'scores.npz must be .*allow_pickle'):
        ScoreFile(tmp_path / 'scores.npz')
    assert not ran.exists()
    with pytest.raises(ValueError):
        ScoreFile(path, trust=True)
    assert ran.is_dir()


def test_the_variable_has_two_values(monkeypatch):
    monkeypatch.setenv(TRUST, 'yes')
    with pytest.raises(ValueError, match=f'{TRUST} must be 0 or 1'):
        load_checkpoint_file('a.pth')
