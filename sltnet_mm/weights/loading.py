"""Checkpoint files, loaded without running code that they may carry."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as _host

from sltnet_mm.trust import TRUST_ADVICE, UntrustedFileError, trusted

_FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'  # torch.load honors it, whatever its caller asks for
_DTYPES = ('bool', 'u1', 'i1', 'i2', 'i4', 'i8', 'u4', 'u8', 'f2', 'f4', 'f8', 'U1')
# What torch says of a file that names more than it may; of other files it says that their bytes are no pickle.
_REFUSAL = re.compile(r'(Unsupported (global|class|attribute)|Trying to (call|load)|Can only) [^\n]*')
_load_as_mmengine: Callable[..., Any] = CheckpointLoader.load_checkpoint


def load_checkpoint_file(
    checkpoint: str | Path, map_location: Any = 'cpu', logger: Any = 'current', trust: bool | None = None
) -> dict[str, Any]:
    """The content of a checkpoint: tensors, plain values, NumPy numbers and mmengine's log history, nothing else.

    A pickle can name any function, which runs when it is read. torch's ``weights_only`` refuses that, and mmengine only
    tries it before it falls back to reading everything; here nothing falls back.

    Args:
        checkpoint: File, URL, or any other location that mmengine's ``CheckpointLoader`` reads.
        map_location: As in ``torch.load``. Defaults to 'cpu'.
        logger: As in mmengine. Defaults to 'current'.
        trust: Read everything, and run what the file names. None: as the environment variable
            ``SLTNET_TRUST_FILES`` says, which ``--trust-files`` of the tools sets. Defaults to None.

    Raises:
        FileNotFoundError: If a local file does not exist.
        UntrustedFileError: If the file holds anything else; a ValueError.
        ValueError: If it is damaged, incomplete or not a checkpoint. The message names it.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / 'weights.pth'
        >>> torch.save(dict(state_dict=dict(weight=torch.ones(1))), file)
        >>> load_checkpoint_file(file)
        {'state_dict': {'weight': tensor([1.])}}
    """
    name = os.path.expanduser(str(checkpoint))
    trust = trusted(trust)
    try:
        with _weights_only(not trust):
            if '://' in name:
                loaded = _load_as_mmengine(name, map_location, logger)
            elif os.path.isfile(name):
                _check_sums(name)
                loaded = torch.load(name, map_location=map_location, weights_only=not trust)
            else:
                raise FileNotFoundError(f'{name} does not exist')
    except pickle.UnpicklingError as error:
        found = _REFUSAL.search(str(error))
        if found is None:
            raise _damaged(name, error) from error
        raise UntrustedFileError(
            f'{name} was not loaded, because it holds more than weights and plain values '
            f'({found[0][:200].rstrip(". ")}). {TRUST_ADVICE}'
        ) from error
    except (OSError, ImportError):
        raise
    except Exception as error:  # whatever reading a file of another kind raises
        raise _damaged(name, error) from error
    if not isinstance(loaded, dict):
        raise ValueError(f'{name} is not a checkpoint: it holds a {type(loaded).__name__} instead of names and weights')
    return loaded


@contextlib.contextmanager
def protected_loading(trust: bool | None = None) -> Iterator[None]:
    """Make mmengine load checkpoints with :func:`load_checkpoint_file` in the block: the runner's, and pretrained ones.

    Args:
        trust: As there.
    """

    def load(cls: type, filename: str, map_location: Any = None, logger: Any = 'current') -> dict[str, Any]:
        return load_checkpoint_file(filename, map_location, logger, trust)

    before = CheckpointLoader.__dict__['load_checkpoint']
    CheckpointLoader.load_checkpoint = classmethod(load)
    try:
        yield
    finally:
        CheckpointLoader.load_checkpoint = before


def _check_sums(name: str) -> None:
    """Raise if the bytes of a file are not those that were written: torch itself does not compare its check sums."""
    if zipfile.is_zipfile(name):  # files of torch below 1.6 have no sums
        with zipfile.ZipFile(name) as members:
            damaged = members.testzip()
        if damaged is not None:
            raise ValueError(f'the bytes of {damaged} in it have changed since it was written')


def _damaged(name: str, error: Exception) -> ValueError:
    text = ' '.join(str(error).split())[:200]
    return ValueError(f'{name} is not a checkpoint, or an incomplete one ({type(error).__name__}: {text})')


def _statistic(kind: type, name: str) -> Any:
    """``getattr``, as far as mmengine's log history needs it: one of its statistics by name."""
    if kind is not HistoryBuffer or name not in ('min', 'max', 'mean', 'current'):
        raise pickle.UnpicklingError(f'Unsupported attribute {name!r} of {kind!r}')
    return getattr(HistoryBuffer, name)


_statistic.__module__ = 'builtins'  # the name that it stands for in a file
_statistic.__name__ = _statistic.__qualname__ = 'getattr'


def _allowed() -> list[Any]:
    """What checkpoints of mmengine hold beside tensors; mmengine's own list allows any ``getattr``."""
    core = np._core if hasattr(np, '_core') else np.core
    numbers = [np.ndarray, np.dtype, core.multiarray._reconstruct, core.multiarray.scalar]
    dtypes = list(dict.fromkeys(type(np.dtype(code)) for code in _DTYPES))
    return [HistoryBuffer, _statistic, *numbers, *(kind for kind in dtypes if kind is not np.dtype)]


@contextlib.contextmanager
def _weights_only(active: bool) -> Iterator[None]:
    """In the block, every ``torch.load``, also a host's, reads weights and plain values only."""
    if not active:
        yield
        return
    before = os.environ.get(_FORCE)
    their_list = getattr(_host, 'get_torch_safe_globals', None)
    os.environ[_FORCE] = '1'
    if their_list is not None:
        _host.get_torch_safe_globals = _allowed
    allow = getattr(torch.serialization, 'safe_globals', None)  # from torch 2.5 on
    try:
        with allow(_allowed()) if allow is not None else contextlib.nullcontext():
            yield
    finally:
        if their_list is not None:
            _host.get_torch_safe_globals = their_list
        if before is None:
            os.environ.pop(_FORCE, None)
        else:
            os.environ[_FORCE] = before
