"""The progress bar of long loops: everything passes through, the bar ends full and moves a hundred times at most."""

import pytest

from sltnet_mm.datasets import progress


@pytest.mark.parametrize('number', [1, 7, 100, 101, 250, 1999])
def test_progress(monkeypatch, number):
    steps = []

    class Bar(progress.ProgressBar):
        def update(self, num_tasks: int = 1) -> None:
            steps.append(num_tasks)

    monkeypatch.setattr(progress, 'ProgressBar', Bar)
    assert list(progress.with_progress(iter(range(number)), number)) == list(range(number))
    assert sum(steps) == number and len(steps) <= 100
    steps.clear()
    assert list(progress.with_progress(range(number), number, least=number + 1)) == list(range(number))
    assert not steps
