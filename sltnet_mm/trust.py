"""Whether files may run code when they are read: not by default."""

from __future__ import annotations

import argparse
import os

TRUST = 'SLTNET_TRUST_FILES'
TRUST_ADVICE = (
    'Reading it would run any code that it names. If you made this file yourself, or trust whoever did as you trust a '
    f'program, add --trust-files, set the environment variable {TRUST}=1, or trust_files=True of SLTInferencer'
)


class UntrustedFileError(ValueError):
    """A file holds more than weights and plain values, so reading it would run code that it names."""


def trusted(trust: bool | None = None) -> bool:
    """Whether files may be unpickled: as asked, or else as the environment variable ``SLTNET_TRUST_FILES`` says.

    Raises:
        ValueError: If the variable is neither '0', '1' nor empty.

    Example:
        >>> trusted(), trusted(True)
        (False, True)
    """
    if trust is not None:
        return trust
    value = os.environ.get(TRUST, '')
    if value not in ('', '0', '1'):
        raise ValueError(f'the environment variable {TRUST} must be 0 or 1, got {value!r}')
    return value == '1'


class TrustFiles(argparse.Action):
    """The argument ``--trust-files``: sets the environment variable, which worker processes see too."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:  # noqa: D102
        os.environ[TRUST] = '1'
        setattr(namespace, self.dest, True)


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-files`` to a tool that reads checkpoints."""
    parser.add_argument(
        '--trust-files',
        action=TrustFiles,
        nargs=0,
        default=False,
        help='unpickle checkpoints and score files of other programs, which runs any code that they name: only for '
        'files that you made or trust as a program',
    )
