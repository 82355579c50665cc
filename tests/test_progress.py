"""Progress of long loops: everything passes through; a bar on a terminal, few lines in a log, one rank only."""

import io

import pytest
from rich.console import Console

from sltnet_mm import progress as module
from sltnet_mm.progress import progress, track


@pytest.fixture
def clock(monkeypatch):
    """A clock that every step moves by its ``step`` seconds."""

    class Clock:
        now, step = 0.0, 1.0

        def monotonic(self):
            self.now += self.step
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, 'time', clock)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    """What is written to a terminal."""
    file = io.StringIO()
    monkeypatch.setattr(
        module, 'Console', lambda stderr: Console(file=file, force_terminal=True, width=100, _environ={'TERM': 'xterm'})
    )
    return file


@pytest.mark.parametrize('number', [2, 7, 100, 101, 250, 1999])
def test_a_log_has_a_line_per_percent_at_most_and_one_at_the_end(clock, capsys, number):
    clock.step = 60.0
    assert list(track(iter(range(number)), 'Reading', number)) == list(range(number))
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out and len(lines) == min(number, 100)
    assert lines[-1].startswith(f'Reading: {number}/{number} (100 %), took ')


def test_the_lines_of_a_log_are_apart_in_time(clock, capsys):
    clock.step = 1.0
    list(track(range(100), 'Reading'))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(' (')[0] for line in lines] == [f'Reading: {n}/100' for n in range(10, 101, 10)]
    assert lines[0] == 'Reading: 10/100 (10 %), 0:01:30 left' and lines[-1].endswith('took 0:01:40')


def test_steps_of_several(clock, capsys):
    with progress('Unpacking', 10) as advance:
        for count in (4, 5, 1):
            advance(count)
    assert capsys.readouterr().err == 'Unpacking: 10/10 (100 %), took 0:00:03\n'


def test_a_terminal_shows_a_bar_that_ends_full(clock, terminal, capsys):
    assert list(track(range(30), 'Reading')) == list(range(30))
    text = terminal.getvalue()
    assert 'Reading' in text and ' 7/30' in text and '━' in text
    assert '30/30' in text.rsplit('\x1b[2K', 1)[1]  # drawn last
    assert capsys.readouterr() == ('', '')


def test_what_a_loop_prints_stays_on_stdout(terminal, capsys):
    for item in track(range(3), 'Reading'):
        print(item)
    assert capsys.readouterr().out == '0\n1\n2\n'


def test_short_loops_and_other_ranks_show_nothing(monkeypatch, capsys):
    assert list(track(range(7), 'Reading', least=8)) == list(range(7))
    assert list(track([], 'Reading')) == [] and list(track([1], 'Reading')) == [1]
    monkeypatch.setattr('mmengine.dist.is_main_process', lambda: False)
    assert list(track(range(7), 'Reading')) == list(range(7))
    assert capsys.readouterr() == ('', '')


def test_a_generator_needs_its_length():
    with pytest.raises(ValueError, match=r"track\('Reading'\): items have no length, give total"):
        list(track(iter('ab'), 'Reading'))
