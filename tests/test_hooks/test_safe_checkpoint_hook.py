"""Checkpoints are written whole or not at all, and older ones go only when the new one is there."""

import pytest
from toy import ToyClassifier, toy_runner

from sltnet_mm.hooks import SafeCheckpointHook
from sltnet_mm.weights.latest import latest_checkpoint
from sltnet_mm.weights.loading import load_checkpoint_file


def train(folder, epochs=3, **settings):
    hook = dict(type='sltnet_mm.SafeCheckpointHook', **dict(dict(interval=1, max_keep_ckpts=1), **settings))
    runner = toy_runner(ToyClassifier(), folder, [], epochs=epochs, default_hooks=dict(checkpoint=hook))
    runner.train()
    return runner


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix == '.pth' or path.name == 'last_checkpoint')


def test_the_older_one_goes_after_the_new_one_is_noted(tmp_path, monkeypatch):
    seen = []
    remove = SafeCheckpointHook._remove

    def look(self, outdated):
        seen.append((names(tmp_path), (tmp_path / 'last_checkpoint').read_text().rpartition('/')[2]))
        remove(self, outdated)

    monkeypatch.setattr(SafeCheckpointHook, '_remove', look)
    train(tmp_path)
    assert [note for _, note in seen] == [f'epoch_{epoch}.pth' for epoch in (1, 2, 3)]
    assert seen[1][0] == ['epoch_1.pth', 'epoch_2.pth', 'last_checkpoint']
    assert names(tmp_path) == ['epoch_3.pth', 'last_checkpoint']


def test_a_failure_in_the_middle_leaves_the_earlier_one(tmp_path, monkeypatch):
    train(tmp_path, epochs=1)
    import sltnet_mm.hooks.safe_checkpoint_hook as module

    def no_space(number):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module.os, 'fsync', no_space)
    before = (tmp_path / 'epoch_1.pth').read_bytes()
    with pytest.raises(OSError, match=r'No space left on device, so this was not written.*epoch_1\.pth'):
        train(tmp_path, epochs=2)
    assert (tmp_path / 'epoch_1.pth').read_bytes() == before and names(tmp_path) == ['epoch_1.pth', 'last_checkpoint']
    assert not [path for path in tmp_path.iterdir() if path.name.startswith('.')]


def test_what_a_kill_left_is_removed_at_the_next_start(tmp_path):
    for name in ('.epoch_7.0123abcd.pth', '.last_checkpoint.0123abcd', '.mine.pth', '.epoch_7.0123abcd.txt'):
        (tmp_path / name).write_text('half')
    train(tmp_path, epochs=1)
    assert sorted(path.name for path in tmp_path.glob('.*')) == ['.epoch_7.0123abcd.txt', '.mine.pth']


def test_the_best_one_and_an_own_folder(tmp_path):
    train(tmp_path / 'work', out_dir=str(tmp_path / 'out'), epochs=2)
    assert names(tmp_path / 'out' / 'work') == ['epoch_2.pth']
    assert latest_checkpoint(tmp_path / 'work') == tmp_path / 'out' / 'work' / 'epoch_2.pth'
    assert load_checkpoint_file(latest_checkpoint(tmp_path / 'work'))['meta']['epoch'] == 2
