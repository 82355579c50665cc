"""The checkpoint that a training goes on from: the last whole one, and a word about those that are not."""

import zipfile

import pytest
import torch

from sltnet_mm.weights.latest import latest_checkpoint, note_checkpoint
from sltnet_mm.weights.loading import load_checkpoint_file


def write(folder, name, iteration):
    folder.mkdir(exist_ok=True)
    content = dict(meta=dict(iter=iteration), state_dict=dict(weight=torch.ones(1000)), message_hub={}, optimizer={})
    torch.save(content, folder / name)
    note_checkpoint(folder, folder / name)
    return folder / name


def damage(path, kind):
    data = bytearray(path.read_bytes())
    if kind == 'cut':
        data = data[: len(data) // 2]
    elif kind == 'empty':
        data = bytearray()
    else:  # one bit of a weight, which torch.load does not notice
        with zipfile.ZipFile(path) as members:
            info = next(info for info in members.infolist() if info.filename.endswith('data/0'))
        data[info.header_offset + 1000] ^= 64
    path.write_bytes(data)


def test_the_noted_one_also_after_a_move(tmp_path):
    write(tmp_path / 'here', 'epoch_1.pth', 5)
    write(tmp_path / 'here', 'epoch_2.pth', 10)
    (tmp_path / 'here').rename(tmp_path / 'there')
    assert latest_checkpoint(tmp_path / 'there') == tmp_path / 'there' / 'epoch_2.pth'
    assert latest_checkpoint(tmp_path / 'here') is None and latest_checkpoint(tmp_path) is None


@pytest.mark.parametrize('kind', ['cut', 'empty', 'bit', 'gone'])
def test_a_broken_one_is_passed_over_with_a_word(tmp_path, monkeypatch, kind):
    said = []
    monkeypatch.setattr('sltnet_mm.weights.latest.print_log', lambda text, **settings: said.append(text))
    write(tmp_path, 'epoch_9.pth', 45)
    write(tmp_path, 'stopped_iter_47.pth', 47)
    last = write(tmp_path, 'epoch_10.pth', 50)
    torch.save({}, tmp_path / 'weights.pth')  # no checkpoint of the training
    if kind == 'gone':
        last.unlink()
    else:
        damage(last, kind)
    assert latest_checkpoint(tmp_path) == tmp_path / 'stopped_iter_47.pth'
    (text,) = said
    assert 'epoch_10.pth' in text and 'goes on from the one before' in text


def test_none_is_whole(tmp_path):
    damage(write(tmp_path, 'epoch_1.pth', 5), 'cut')
    with pytest.raises(ValueError, match=r'no checkpoint in .* can be resumed: .*epoch_1\.pth is not a checkpoint'):
        latest_checkpoint(tmp_path)


def test_one_that_was_written_but_not_noted(tmp_path):
    path = write(tmp_path, 'epoch_1.pth', 5)
    (tmp_path / 'last_checkpoint').unlink()
    assert latest_checkpoint(tmp_path) == path


def test_a_changed_bit_of_a_weight_is_an_error(tmp_path):
    path = write(tmp_path, 'epoch_1.pth', 5)
    damage(path, 'bit')
    assert not torch.equal(torch.load(path)['state_dict']['weight'], torch.ones(1000))  # torch reads a wrong number
    with pytest.raises(ValueError, match=r'epoch_1\.pth .*the bytes of .*data/0 in it have changed'):
        load_checkpoint_file(path)
