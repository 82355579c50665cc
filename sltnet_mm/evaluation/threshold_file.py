"""Thresholds that are chosen on one split and used on another, in a small JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.json_files import read_json


def write_thresholds(path: str | Path, thresholds: Mapping[str, float]) -> None:
    """Write ``{protocol: threshold}`` as JSON; the folder is created if missing."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(dict(thresholds), indent=2) + '\n')


def read_thresholds(path: str | Path) -> dict[str, float]:
    """Read a file that :func:`write_thresholds` wrote.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is not a JSON object of numbers in [0, 1).

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'thresholds.json'
        >>> write_thresholds(path, {'wsolevaluation': 0.31})
        >>> read_thresholds(path)
        {'wsolevaluation': 0.31}
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'thresholds: {path} does not exist; write it by evaluating the validation split with '
            'LocalizationMetric(threshold_file=...)'
        )
    try:
        thresholds = {name: float(threshold) for name, threshold in read_json(path).items()}
    except (ValueError, AttributeError, TypeError, OverflowError) as error:
        raise ValueError(f'thresholds: {path} must hold a JSON object {{protocol: threshold}}: {error}') from error
    for name, threshold in thresholds.items():
        if not 0 <= threshold < 1:
            raise ValueError(f'thresholds: {path} must hold thresholds in [0, 1), got {threshold} for {name!r}')
    return thresholds


def with_thresholds(protocols: list[Protocol], thresholds: Mapping[str, float] | str | Path | None) -> list[Protocol]:
    """The protocols with other thresholds than their own; protocols that are not named keep theirs.

    Args:
        protocols: Protocols with any policy.
        thresholds: Thresholds by protocol name (chosen on a validation split), or a file of them.

    Returns:
        The protocols, in the same order.

    Raises:
        KeyError: If a threshold is given for a protocol that is not evaluated.
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not one of thresholds.

    Example:
        >>> from sltnet_mm.evaluation.protocols import PROTOCOLS
        >>> print(*with_thresholds([PROTOCOLS['tscam'], PROTOCOLS['sltnet']], {'tscam': 0.12}))
        tscam (threshold 0.12, validation) sltnet (threshold 0.2, fixed)
    """
    if thresholds is None:
        return protocols
    from_file = not isinstance(thresholds, Mapping)
    chosen = read_thresholds(thresholds) if not isinstance(thresholds, Mapping) else thresholds
    unknown = set(chosen) - {protocol.name for protocol in protocols}
    if unknown and not from_file:
        raise KeyError(
            f'thresholds has {sorted(unknown)}, but the protocols are {[protocol.name for protocol in protocols]}'
        )
    policy: Literal['file', 'validation'] = 'file' if from_file else 'validation'
    return [
        protocol.with_threshold(chosen[protocol.name], policy) if protocol.name in chosen else protocol
        for protocol in protocols
    ]
