"""numba, where it is installed: compilation on first use, kept on disk where a directory for it can be written."""

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
except ImportError:  # the plain OpenCV path gives the same numbers
    numba = None

HAS_NUMBA = numba is not None
_logger = logging.getLogger('sltnet_mm')


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays and numbers with numba on its first call; without numba return it as it is.

    All compiled functions of this package together take about 20 seconds of one core the first time. The machine code
    is kept under ``NUMBA_CACHE_DIR``, or ``~/.cache``; where that cannot be written, each process compiles anew and one
    warning says so. The global interpreter lock is released, so threads work side by side.

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
    except RuntimeError:  # a function without a source file, typed at a prompt, cannot be kept
        return numba.njit(nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_folder() -> Path | None:
    """The directory for the machine code of these sources, made where it is missing; None if it cannot be
    written.

    Its name holds a digest of all compiled modules: numba itself looks only at the file of a function, and would go on
    using old code of what that function calls.
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
            'Set NUMBA_CACHE_DIR to a directory that can be written.',
            error,
        )
        return None
    return folder
