"""wsolevaluation's lists, copied beside the images that they describe, after a look at what they say."""

from __future__ import annotations

from pathlib import Path

from unpacking import PrepareError, write_text

from sltnet_mm.datasets.wsol_lists import add_boxes, add_masks, read_images

SOURCE = 'github.com/clovaai/wsolevaluation'
_NAMES = ('image_ids.txt', 'class_labels.txt', 'localization.txt', 'image_sizes.txt')


def copy_lists(
    source: Path, out: Path, num_classes: int, content: str, overwrite: bool, names: dict[str, str] | None = None
) -> int:
    """Copy the lists of one split and return how many images they name.

    Args:
        source: Folder of the lists.
        out: Folder that they go to.
        num_classes: Labels must be below it.
        content: What ``localization.txt`` holds: 'boxes', 'masks', or 'nothing' (it is not copied then).
        overwrite: Replace lists that say something else.
        names: Other names for some of the paths in the lists.

    Raises:
        PrepareError: A list is missing or wrong (see :mod:`sltnet_mm.datasets.wsol_lists`), or would be overwritten.
    """
    names = names or {}
    try:
        samples = read_images(str(source), '', num_classes)
        if content == 'boxes':
            add_boxes(samples, str(source))
        elif content == 'masks':
            add_masks(samples, str(source), '', 'localization.txt')
    except (FileNotFoundError, ValueError) as error:
        raise PrepareError(f'{error}\nThe lists lie in the folder metadata/ of {SOURCE}') from error
    for name in _NAMES:
        path = source / name
        if path.is_file() and (name != 'localization.txt' or content != 'nothing'):
            lines = [_renamed(line, names) for line in path.read_text(encoding='utf-8').splitlines()]
            write_text(out / name, ''.join(line + '\n' for line in lines if line), overwrite)
    return len(samples)


def _renamed(line: str, names: dict[str, str]) -> str:
    path, comma, rest = line.strip().partition(',')
    return names.get(path, path) + comma + rest
