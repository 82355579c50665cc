"""Checkpoints of several parts in one file."""
from __future__ import annotations

from pathlib import Path

import torch
from mmengine.runner import CheckpointLoader

PREFIX = 'classifier.'


def merge_parts(checkpoint: str | Path, classifier: str | Path, out: str | Path) -> int:
    """Write the classifier's weights into a checkpoint of SLTNet.

    Args:
        checkpoint: file with localizer and regressor, as training writes it.
        classifier: file of the classifier's own run.
        out: the merged file: weights and metainfo; the optimiser's state is left out, since training goes on from the parts.

    Returns:
        How many tensors of the classifier were written.

    Raises:
        ValueError: ``checkpoint`` is not SLTNet's, or ``classifier`` is.
    """
    parts = CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu')
    weights = _state_dict(parts)
    added = _state_dict(CheckpointLoader.load_checkpoint(str(classifier), map_location='cpu'))
    for name, state, wanted in ((checkpoint, weights, True), (classifier, added, False)):
        if any(key.startswith('localizer.') for key in state) != wanted:
            raise ValueError(f'{name} must {"" if wanted else "not "}be a checkpoint of SLTNet: its parameters are '
                             f'{", ".join(list(state)[:3])}, ...')
    kept = {key: value for key, value in weights.items() if not key.startswith(PREFIX)}
    new = {PREFIX + key: value for key, value in added.items() if not key.startswith('data_preprocessor.')}
    torch.save(dict(meta=parts.get('meta', {}), state_dict={**kept, **new}), out)
    return len(new)


def _state_dict(checkpoint: dict) -> dict[str, torch.Tensor]:
    return {key.removeprefix('module.'): value for key, value in checkpoint.get('state_dict', checkpoint).items()}
