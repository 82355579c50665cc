"""The checkpoint that an interrupted training goes on from."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from mmengine.logging import print_log

from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.weights.loading import load_checkpoint_file

LAST = 'last_checkpoint'
"""The file in which mmengine notes the path of the last checkpoint."""
STOPPED = 'stopped_iter_{}.pth'
"""The name of the checkpoint of a training that was asked to stop."""
_NAME = re.compile(r'(epoch|iter|stopped_iter)_\d+\.pth')


def latest_checkpoint(folder: str | Path) -> Path | None:
    """The last whole checkpoint of a training, or None if it has none yet.

    A last checkpoint that is broken or gone is reported in the log, and the one before is taken. The folder may have
    been moved since.

    Args:
        folder: Work directory of the training.

    Raises:
        ValueError: If there are checkpoints, but none is whole.

    Example:
        >>> latest_checkpoint('no such folder') is None
        True
    """
    folder = Path(folder)
    noted = noted_checkpoint(folder)
    places = {folder, *([noted.parent] if noted is not None else [])}
    others = {path for place in places for path in place.glob('*.pth') if _NAME.fullmatch(path.name)} - {noted}
    faults = []
    if noted is not None:
        fault, _ = _look_at(noted)
        if not fault:
            return noted
        faults.append(fault)
    whole = []
    for path in sorted(others):
        fault, iteration = _look_at(path)
        if fault:
            faults.append(fault)
        else:
            whole.append((iteration, path))
    if not whole:
        if not others and (noted is None or not noted.exists()):
            return None
        raise ValueError(
            f'no checkpoint in {folder} can be resumed: {"; ".join(faults)}. Delete them to train from the beginning, '
            'or give the path of another one'
        )
    before = max(whole)[1]
    if faults:
        print_log(
            f'the last checkpoint cannot be resumed: {"; ".join(faults)}. The training goes on from the one before, '
            f'{before}',
            logger='current',
            level=logging.WARNING,
        )
    return before


def noted_checkpoint(folder: str | Path) -> Path | None:
    """The path that mmengine noted as that of the last checkpoint, where it is now; None without a note."""
    note = Path(folder) / LAST
    if not note.is_file():
        return None
    path = Path(note.read_text(encoding='utf-8', errors='replace').strip() or LAST)
    moved = Path(folder) / path.name
    return path if not moved.is_file() and path.is_file() else moved


def note_checkpoint(folder: str | Path, checkpoint: str | Path) -> None:
    """Note a path as that of the last checkpoint, as mmengine does, but whole or not at all."""
    with atomic_write(Path(folder) / LAST) as partial:
        partial.write_text(str(checkpoint), encoding='utf-8')


def _look_at(path: Path) -> tuple[str, int]:
    """What keeps a checkpoint from being resumed, in words ('' if nothing does), and its iteration."""
    try:
        found = load_checkpoint_file(path)
    except (OSError, ValueError) as error:
        return str(error), -1
    lacking = [key for key in ('meta', 'state_dict', 'message_hub', 'optimizer') if key not in found]
    if lacking or not isinstance(found['meta'], dict) or not isinstance(found['meta'].get('iter'), int):
        return f'{path} is no checkpoint of a training: it lacks {", ".join(lacking) or "its iteration"}', -1
    return '', found['meta']['iter']
