"""Check wsolevaluation's lists and copy them next to the images that they describe."""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, write_text

from sltnet_mm.datasets.wsol_lists import add_boxes, add_masks, read_images

SOURCE = 'github.com/clovaai/wsolevaluation'
_NAMES = ('image_ids.txt', 'class_labels.txt', 'localization.txt', 'image_sizes.txt')


def copy_lists(
    source: Path, out: Path, num_classes: int, content: str, overwrite: bool, names: dict[str, str] | None = None
) -> int:
    """Check and copy the lists of one split.

    Args:
        source: Folder with the lists.
        out: Folder to copy them to.
        num_classes: Number of classes; labels must be below it.
        content: Content of ``localization.txt``: 'boxes', 'masks', or 'nothing' (then it is not copied).
        overwrite: Replace existing lists that differ.
        names: New names for some of the paths in the lists. Defaults to None.

    Returns:
        The number of listed images.

    Raises:
        PrepareError: If a list is missing or wrong (see :mod:`sltnet_mm.datasets.wsol_lists`), or a different one
            exists and ``overwrite`` is not set.
    """
    names = names or {}
    try:
        samples = read_images(str(source), '', num_classes)
        if content == 'boxes':
            add_boxes(samples, str(source))
        elif content == 'masks':
            add_masks(samples, str(source), '', 'localization.txt')
    except (FileNotFoundError, ValueError) as error:
        raise PrepareError(f'{error}\nThe lists are in the folder metadata/ of {SOURCE}') from error
    for name in _NAMES:
        path = source / name
        if path.is_file() and (name != 'localization.txt' or content != 'nothing'):
            lines = [_renamed(line, names) for line in path.read_text(encoding='utf-8').splitlines()]
            write_text(out / name, ''.join(line + '\n' for line in lines if line), overwrite)
    return len(samples)


def _renamed(line: str, names: dict[str, str]) -> str:
    path, comma, rest = line.strip().partition(',')
    return names.get(path, path) + comma + rest
