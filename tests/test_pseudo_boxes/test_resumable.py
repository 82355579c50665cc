"""Resumable work: cut off anywhere, it goes on and ends the same."""

import pytest

from sltnet_mm.pseudo_boxes.resumable import PartFiles, run_resumable

HEADER = dict(threshold=0.2, pair=(1, 2))


def squares(units):
    for unit in units:
        yield unit, [unit, unit**2 / 3]


ALL = {unit: [unit, unit**2 / 3] for unit in range(10)}


def test_all_at_once(tmp_path):
    assert run_resumable(10, squares) == run_resumable(10, squares, PartFiles(tmp_path / 'parts', HEADER)) == ALL


def test_interrupted_anywhere(tmp_path):
    seen = []

    def interrupted(units):
        for unit in units:
            if unit in (3, 7) and unit not in seen:
                seen.append(unit)
                raise KeyboardInterrupt
            seen.append(unit)
            yield unit, [unit, unit**2 / 3]

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_resumable(10, interrupted, PartFiles(tmp_path / 'parts', HEADER))
    assert run_resumable(10, interrupted, PartFiles(tmp_path / 'parts', HEADER)) == ALL
    assert sorted(seen) == [0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9]  # what was done was not done again


@pytest.mark.parametrize('cut', [1, 5, 20])
def test_truncated_last_line_is_done_again(tmp_path, cut):
    parts = PartFiles(tmp_path / 'parts', HEADER)
    with parts.writer() as write:
        for unit, result in squares(range(4)):
            write(unit, result)
    (path,) = (tmp_path / 'parts').iterdir()
    path.write_bytes(path.read_bytes()[:-cut])
    assert len(parts.read()) == 3 if cut < 20 else len(parts.read()) < 4
    assert run_resumable(10, squares, PartFiles(tmp_path / 'parts', HEADER)) == ALL


def test_file_with_half_a_header_is_empty(tmp_path):
    (tmp_path / 'parts').mkdir()
    (tmp_path / 'parts/0000-rank0.jsonl').write_text('{"thresh')
    assert run_resumable(10, squares, PartFiles(tmp_path / 'parts', HEADER)) == ALL


def test_parts_of_other_settings_are_refused_or_discarded(tmp_path):
    run_resumable(4, squares, PartFiles(tmp_path / 'parts', HEADER))
    with pytest.raises(ValueError, match='threshold: 0.2 then, 0.3 now.*--overwrite'):
        PartFiles(tmp_path / 'parts', dict(HEADER, threshold=0.3))
    assert len(PartFiles(tmp_path / 'parts', HEADER, restart=True).read()) == 4  # the same settings: kept
    assert PartFiles(tmp_path / 'parts', dict(HEADER, threshold=0.3), restart=True).read() == {}


def test_a_folder_that_was_half_removed(tmp_path):
    """As by a kill while the finished parts are removed: the number of files says nothing about their names."""
    for _ in range(3):
        with PartFiles(tmp_path / 'parts', HEADER).writer():
            pass
    (tmp_path / 'parts/0000-rank0.jsonl').unlink()
    assert list(run_resumable(10, squares, PartFiles(tmp_path / 'parts', HEADER))) == list(range(10))
