"""Results of the inferencer as a JSON or CSV file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from sltnet_mm.inferencer.result import LocalizationResult
from sltnet_mm.structures.atomic_write import atomic_write

_COLUMNS = ('image', 'name', 'label_score', 'x1', 'y1', 'x2', 'y2', 'score', 'box_from')


def write_results(results: Iterable[LocalizationResult], path: str | Path) -> None:
    """Write results as a JSON list of ``result.to_dict()``, or as a CSV table with a row per image.

    Args:
        results: Of ``SLTInferencer``; a stream is written as it comes.
        path: File to write, ``.json`` or ``.csv``; it is complete or not there.

    Raises:
        ValueError: If the path has another ending.

    Example:
        >>> import tempfile
        >>> result = LocalizationResult('a.jpg', (2.0, 3.0, 9.0, 8.0), 'localizer', (), (8, 12), score=0.9)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_results([result], Path(folder) / 'boxes.csv')
        ...     (Path(folder) / 'boxes.csv').read_text().splitlines()[1]
        'a.jpg,,,2.0,3.0,9.0,8.0,0.9,localizer'
    """
    ending = Path(path).suffix.lower()
    if ending not in ('.json', '.csv'):
        raise ValueError(f'path must end in .json or .csv, got {str(path)!r}')
    with atomic_write(path) as partial, open(partial, 'w', encoding='utf-8', newline='') as file:
        if ending == '.json':
            json.dump([result.to_dict() for result in results], file, ensure_ascii=False, indent=1)
            return
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for result in results:
            writer.writerow([result.image, result.name, result.label_score, *result.box, result.score, result.box_from])
