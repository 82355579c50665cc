"""JSON files of any origin: what is wrong with one is said in one error that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json(path: str | Path) -> Any:
    """The content of a UTF-8 JSON file.

    Raises:
        ValueError: If it is not UTF-8, not JSON, incomplete, or nested more deeply than Python can follow. The message
            names it.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / 'deep.json'
        >>> _ = file.write_text('[' * 100_000)
        >>> read_json(file)
        Traceback (most recent call last):
        ...
        ValueError: .../deep.json: not a JSON file (nested too deeply)
    """
    try:
        return json.loads(Path(path).read_bytes())
    except RecursionError:
        raise ValueError(f'{path}: not a JSON file (nested too deeply)') from None
    except ValueError as error:  # of JSON and of UTF-8
        raise ValueError(f'{path}: not a JSON file ({error})') from error
