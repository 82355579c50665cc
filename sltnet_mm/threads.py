"""How OpenMP's threads wait for each other."""

from __future__ import annotations

import os


def wait_without_spinning() -> None:
    """Let OpenMP's threads sleep while they wait, unless ``OMP_WAIT_POLICY`` is set; call it before importing torch.

    By default they wait in a busy loop. Beside other work, that loop takes the core from the thread that is waited for:
    a small training step took 20 times as long (docs/benchmarks.md, "Threads beside other work").
    """
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
