"""Files are written atomically."""

import os

import pytest

from sltnet_mm.structures.atomic_write import atomic_write


def test_the_file_appears_whole_when_the_block_ends(tmp_path):
    file = tmp_path / 'deep' / 'scores.npz'
    with atomic_write(file) as partial:
        partial.write_text('new')
        assert not file.exists() and partial.parent == file.parent and partial.suffix == '.npz'
        assert partial.name.startswith('.')
    assert file.read_text() == 'new' and os.listdir(file.parent) == ['scores.npz']


@pytest.mark.parametrize('old', [None, 'old'])
@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_no_litter(tmp_path, old, error):
    file = tmp_path / 'boxes.json'
    if old is not None:
        file.write_text(old)
    with pytest.raises(error), atomic_write(file) as partial:
        partial.write_text('half')
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / 'a.txt'):
        pass
    assert not list(tmp_path.iterdir())


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    file = tmp_path / 'list.npz'
    with atomic_write(file) as one:
        one.write_text('one')
        with atomic_write(file) as other:
            other.write_text('other')
        assert file.read_text() == 'other'
    assert file.read_text() == 'one' and os.listdir(tmp_path) == ['list.npz']


def test_others_may_read_it_as_the_umask_says(tmp_path):
    (tmp_path / 'plain').touch()
    with atomic_write(tmp_path / 'written') as partial:
        partial.touch()
    assert (tmp_path / 'written').stat().st_mode == (tmp_path / 'plain').stat().st_mode
