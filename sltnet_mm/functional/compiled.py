"""numba, where it is installed: compilation on first use, kept on disk where a directory for it can be written."""

import logging
from collections.abc import Callable
from typing import Any

try:
    import numba
except ImportError:  # the plain OpenCV path gives the same numbers
    numba = None

HAS_NUMBA = numba is not None
_logger = logging.getLogger('sltnet_mm')
_warned = False


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays and numbers with numba on its first call; without numba return it as it is.

    The machine code is kept beside the module, or in ``NUMBA_CACHE_DIR``. Where neither can be written, each process
    compiles anew and one warning says so. The global interpreter lock is released, so threads work side by side.

    Example:
        >>> @compiled
        ... def double(number):
        ...     return 2 * number
        >>> double(21)
        42
    """
    global _warned
    if numba is None:
        return function
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError as error:  # numba: "cannot cache function ...: no locator available"
        if not _warned:
            _warned = True
            _logger.warning(
                'Compiled evaluation code cannot be kept on disk (%s): every process compiles it again, half a minute. '
                'Set NUMBA_CACHE_DIR to a directory that can be written.',
                error,
            )
        return numba.njit(nogil=True)(function)
