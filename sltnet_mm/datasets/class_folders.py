"""Images in one folder a class, as ImageNet and many others lie on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from sltnet_mm.datasets.progress import with_progress

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')
ARCHIVE_ENDINGS = ('.tar', '.tgz', '.gz', '.zip', '.part')
_MANY = 100  # folders from which on reading them shows its progress


def class_folders(root: str) -> list[str]:
    """Names of the class folders below a folder, sorted; a class' label is its place.

    Hidden files are left alone.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: It holds an archive that was not unpacked, or no folder at all.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(f'Image folder {root!r} does not exist. Check data_root and the names of the folders')
    names = []
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.startswith('.'):
                continue
            if entry.name.lower().endswith(ARCHIVE_ENDINGS):
                raise _half_unpacked(entry.path)
            if entry.is_dir():
                names.append(entry.name)
    if not names:
        raise ValueError(f'{root!r} holds no class folder; are the images still packed, or one folder deeper?')
    return sorted(names)


def images_by_class(root: str, classes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """(name below ``root``, label) of every image in the class folders, class by class, sorted within each.

    Args:
        root: Folder of the class folders.
        classes: Names of the folders in the order of the labels.

    Raises:
        ValueError: A folder is missing or empty, or holds an archive, a folder, or a file that is no image by its
            ending. The message names it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name in ('b/2.jpg', 'a/1.jpg', 'b/10.jpg'):
        ...         os.makedirs(os.path.join(root, name[0]), exist_ok=True)
        ...         open(os.path.join(root, name), 'w').close()
        ...     list(images_by_class(root, class_folders(root)))
        [('a/1.jpg', 0), ('b/10.jpg', 1), ('b/2.jpg', 1)]
    """
    for label, name in with_progress(enumerate(classes), len(classes), _MANY):
        for image in image_names(os.path.join(root, name)):
            yield f'{name}/{image}', label


def image_names(folder: str) -> list[str]:
    """Names of the images in one folder, sorted, without hidden files; errors as in :func:`images_by_class`."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith('.'):  # macOS leaves "._1.jpg" beside "1.jpg"
                    continue
                if entry.name.lower().endswith(IMAGE_ENDINGS):
                    names.append(entry.name)
                elif entry.name.lower().endswith(ARCHIVE_ENDINGS):
                    raise _half_unpacked(entry.path)
                else:
                    raise ValueError(f'{entry.path!r} is not an image; the folder must hold images only')
    except FileNotFoundError:
        raise ValueError(f'Class folder {folder!r} is missing') from None
    if not names:
        raise ValueError(f'Class folder {folder!r} holds no image: the data is unpacked only in part')
    return sorted(names)


def check_same_classes(one: Sequence[str], first: str, other: Sequence[str], second: str) -> None:
    """Raise unless two places know the same classes.

    Args:
        one: Names of the classes.
        first: Where they come from, for the message.
        other: Names of the classes.
        second: Where they come from.

    Raises:
        ValueError: Names up to five classes that only one of them has.

    Example:
        >>> check_same_classes(['a', 'b'], 'train', ['b', 'c'], 'val')
        Traceback (most recent call last):
        ...
        ValueError: train and val differ in their classes: only in train: 'a' (1 in all); only in val: 'c' (1 in all)...
    """
    parts = []
    for here, there, place in ((one, other, first), (other, one, second)):
        alone = sorted(set(here) - set(there))
        if alone:
            parts.append(f'only in {place}: {", ".join(map(repr, alone[:5]))} ({len(alone)} in all)')
    if parts:
        raise ValueError(
            f'{first} and {second} differ in their classes: {"; ".join(parts)}. A label would mean different things: '
            'unpack what is missing or remove what is too much'
        )


def _half_unpacked(path: str) -> ValueError:
    return ValueError(f'{path!r} is an archive: the data is unpacked only in part. Unpack it, then remove it.')
