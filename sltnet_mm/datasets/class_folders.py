"""Images in one folder per class, the layout of ImageNet and many other data sets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from torchvision.datasets.folder import IMG_EXTENSIONS

from sltnet_mm.progress import track

ARCHIVE_ENDINGS = ('.tar', '.tgz', '.gz', '.zip', '.part')
_CLUTTER = ('thumbs.db', 'ehthumbs.db', 'desktop.ini', '__macosx', '@eadir', '$recycle.bin', 'lost+found')
_MANY = 100  # with this many folders or more, a progress bar is shown


def is_clutter(name: str) -> bool:
    """Whether a file or folder is no data, but hidden or left by an operating system, file server or notebook.

    Example:
        >>> [is_clutter(name) for name in ('._1.jpg', '.ipynb_checkpoints', 'Thumbs.db', '1.jpg')]
        [True, True, True, False]
    """
    return name.startswith('.') or name.lower() in _CLUTTER


def class_folders(root: str) -> list[str]:
    """The sorted names of the class folders in a folder; a class's label is its index. Hidden files are ignored.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it contains an archive that was not unpacked, or no folder at all.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(f'Image folder {root!r} does not exist. Check data_root and the folder names')
    names = []
    with os.scandir(root) as entries:
        for entry in entries:
            if is_clutter(entry.name):
                continue
            if entry.name.lower().endswith(ARCHIVE_ENDINGS):
                raise _half_unpacked(entry.path)
            if entry.is_dir():
                names.append(entry.name)
    if not names:
        raise ValueError(f'{root!r} contains no class folders. Are the images still packed, or one folder deeper?')
    return sorted(names)


def images_by_class(root: str, classes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Pairs (path relative to ``root``, label) of all images, class by class, sorted within each class.

    Args:
        root: Folder with the class folders.
        classes: Names of the class folders in the order of the labels.

    Returns:
        An iterator over the pairs.

    Raises:
        ValueError: If a class folder is missing or empty, or contains an archive, a folder or a file without an image
            extension. The message names it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name in ('b/2.jpg', 'a/1.jpg', 'b/10.jpg'):
        ...         os.makedirs(os.path.join(root, name[0]), exist_ok=True)
        ...         open(os.path.join(root, name), 'w').close()
        ...     list(images_by_class(root, class_folders(root)))
        [('a/1.jpg', 0), ('b/10.jpg', 1), ('b/2.jpg', 1)]
    """
    for label, name in track(enumerate(classes), 'Reading folders', len(classes), _MANY):
        for image in image_names(os.path.join(root, name)):
            yield f'{name}/{image}', label


def image_names(folder: str) -> list[str]:
    """The sorted names of the images in one folder, without hidden files; errors as in :func:`images_by_class`."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_clutter(entry.name):
                    continue
                if entry.name.lower().endswith(IMG_EXTENSIONS):
                    names.append(entry.name)
                elif entry.name.lower().endswith(ARCHIVE_ENDINGS):
                    raise _half_unpacked(entry.path)
                else:
                    raise ValueError(f'{entry.path!r} is not an image. A class folder must contain images only')
    except FileNotFoundError:
        raise ValueError(f'Class folder {folder!r} is missing. Unpack the data again') from None
    if not names:
        raise ValueError(f'Class folder {folder!r} contains no images: the data is only partly unpacked')
    return sorted(names)


def check_same_classes(one: Sequence[str], first: str, other: Sequence[str], second: str) -> None:
    """Raise unless two sources have the same classes.

    Args:
        one: Class names of the first source.
        first: Name of the first source, for the message.
        other: Class names of the second source.
        second: Name of the second source.

    Raises:
        ValueError: If the classes differ. The message names up to five classes that only one source has.

    Example:
        >>> check_same_classes(['a', 'b'], 'train', ['b', 'c'], 'val')
        Traceback (most recent call last):
        ...
        ValueError: train and val have different classes: only in train: 'a' (1 in all); only in val: 'c' (1 in all)...
    """
    parts = []
    for here, there, place in ((one, other, first), (other, one, second)):
        alone = sorted(set(here) - set(there))
        if alone:
            parts.append(f'only in {place}: {", ".join(map(repr, alone[:5]))} ({len(alone)} in all)')
    if parts:
        raise ValueError(
            f'{first} and {second} have different classes: {"; ".join(parts)}. Unpack the missing folders or remove '
            'the extra ones, so that a label means the same in both'
        )


def _half_unpacked(path: str) -> ValueError:
    return ValueError(f'{path!r} is an archive: the data is only partly unpacked. Unpack it, then delete it')
