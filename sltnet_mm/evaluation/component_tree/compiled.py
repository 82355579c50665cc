"""Compilation with numba, if it is installed: on first use, cached on disk if a folder can be written."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

try:
    import numba
except ImportError:  # the plain OpenCV loop gives the same results
    numba = None

HAS_NUMBA = numba is not None
_logger = logging.getLogger('sltnet_mm')


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays and numbers with numba on its first call; leave it as it is without numba.

    The first time, all compiled functions of this package together take about 20 seconds on one core. The machine code
    is kept in ``NUMBA_CACHE_DIR`` or ``~/.cache``. If that cannot be written, each process compiles again, after one
    warning. The global interpreter lock is released, so threads run in parallel.

    Example:
        >>> @compiled
        ... def double(number):
        ...     return 2 * number
        >>> double(21)
        42
    """
    if numba is None:
        return function
    folder = cache_folder()
    if folder is None:
        return numba.njit(nogil=True)(function)
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # a function without a source file (typed at a prompt) cannot be cached
        return numba.njit(nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_folder() -> Path | None:
    """The folder for the machine code of these sources, created if missing; None if it cannot be written.

    Its name contains a digest of all compiled modules: numba itself looks only at the file of a function, and would
    keep using old code of the functions that it calls.
    """
    sources = (path.read_bytes() for path in sorted(Path(__file__).parent.glob('*.py')))
    digest = hashlib.sha256(b''.join(source for source in sources if b'@compiled' in source)).hexdigest()[:16]
    root = numba.config.CACHE_DIR or Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache', 'sltnet_mm')
    folder = Path(root, f'sltnet_mm-{digest}')
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f'{folder} is not writable')
    except (OSError, RuntimeError) as error:  # RuntimeError: no home directory
        _logger.warning(
            'Compiled evaluation code cannot be kept on disk (%s): every process compiles it again, about 20 seconds. '
            'Set NUMBA_CACHE_DIR to a writable folder.',
            error,
        )
        return None
    return folder
