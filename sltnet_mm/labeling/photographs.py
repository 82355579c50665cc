"""The photographs of a user and their labels: class folders, or a folder with ``annotations.csv``."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torchvision.datasets.folder import IMG_EXTENSIONS

from sltnet_mm.structures.atomic_write import atomic_write

CSV_NAME = 'annotations.csv'
COLUMNS = ('image', 'label', 'split', 'x1', 'y1', 'x2', 'y2')
_OTHER_IMAGES = ('.heic', '.heif', '.avif', '.gif', '.svg', '.raw', '.cr2', '.nef', '.arw', '.dng', '.psd')


@dataclass
class Photographs:
    """Photographs with their labels, as rows of an ``annotations.csv``.

    Args:
        root: Their folder.
        rows: One per image, or per box of an image: dicts with the keys ``COLUMNS``; image paths are relative to
            ``root``, with slashes.
        ignored: Files that are no images for this package, by ending, and how many there are.
        notes: What was noticed while reading, in sentences.
    """

    root: Path
    rows: list[dict[str, str]]
    ignored: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def labels(self) -> dict[str, str]:
        """Image to label, in the order of the rows."""
        return {row['image']: row['label'] for row in self.rows}

    @property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, sorted as text, as ``LocalizationCSV`` orders them."""
        return tuple(sorted(set(self.labels.values())))

    def boxed(self, split: str) -> bool:
        """Whether images of a split have ground-truth boxes."""
        return any(row['split'] == split and row['x1'] for row in self.rows)

    def without(self, images: Mapping[str, object]) -> Photographs:
        """The same photographs without some images."""
        kept = [row for row in self.rows if row['image'] not in images]
        return Photographs(self.root, kept, self.ignored, self.notes)

    def write_csv(self, path: str | Path) -> None:
        """Write the rows as an ``annotations.csv``, atomically."""
        with atomic_write(path) as partial, open(partial, 'w', encoding='utf-8', newline='') as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)


def read_photographs(root: str | Path) -> Photographs:
    """The photographs of a folder: from its ``annotations.csv`` if it has one, otherwise from its class folders.

    With class folders, the label of an image is the name of the folder directly below ``root`` that it lies in, at any
    depth. Endings may be in any case, hidden files are passed over, and symbolic links are followed once.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it has no images, or none in a class folder; the message says what it has.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ('dog/b.JPG', 'cat/day 1/a.jpg', 'cat/notes.pdf'):
        ...         Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        ...         _ = Path(folder, name).write_bytes(b'')
        ...     found = read_photographs(folder)
        >>> found.labels, found.ignored
        ({'cat/day 1/a.jpg': 'cat', 'dog/b.JPG': 'dog'}, {'.pdf': 1})
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f'PHOTOGRAPHS must be a folder, got {str(root)!r}, which does not exist or is a file')
    if (root / CSV_NAME).is_file():
        return _from_csv(root)
    found = Photographs(root, [])
    loose: list[str] = []
    for image in _files_below(root, found.ignored):
        label, inside, _ = image.partition('/')
        if not inside:
            loose.append(image)
        else:
            found.rows.append(dict.fromkeys(COLUMNS, '') | dict(image=image, label=label, split='train'))
    if not found.rows:
        raise ValueError(_nothing_found(root, loose, found.ignored))
    if loose:
        found.notes.append(
            f'{len(loose)} images lie in no class folder and are left out ({_some(loose)}): move them into one'
        )
    unnamed = [row['image'] for row in found.rows if _odd_name(row['image'])]
    if unnamed:
        found.rows = [row for row in found.rows if row['image'] not in set(unnamed)]
        found.notes.append(
            f'{len(unnamed)} images are left out, because a name in their path begins or ends with a space or is not '
            f'UTF-8 ({_some(unnamed)}): rename them'
        )
    return found


def _odd_name(image: str) -> bool:
    try:
        image.encode()
    except UnicodeEncodeError:
        return True
    return image != image.strip() or image.partition('/')[0] != image.partition('/')[0].strip()


def _from_csv(root: Path) -> Photographs:
    found = Photographs(root, [])
    with open(root / CSV_NAME, encoding='utf-8-sig', newline='') as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        names = {(name or '').strip(): name for name in reader.fieldnames or []}
        for column in ('image', 'label'):
            if column not in names:
                raise ValueError(
                    f'{root / CSV_NAME} must have the columns image and label, got {list(names)}. Name them in the '
                    'first line, or delete the file to take the labels from the class folders'
                )
        for row in reader:
            values = {column: (row.get(names.get(column, column)) or '').strip() for column in COLUMNS}
            values['split'] = values['split'] or 'train'
            if ';' in values['label']:
                raise ValueError(
                    f'{root / CSV_NAME}:{reader.line_num}: label {values["label"]!r} names several classes. Several '
                    'labels per image are not supported yet: keep the one whose object is wanted'
                )
            found.rows.append(values)
    if not found.rows:
        raise ValueError(f'{root / CSV_NAME} lists no images. Fill it in, or delete it to take the class folders')
    return found


def _files_below(root: Path, ignored: dict[str, int]) -> Iterator[str]:
    """The image paths below a folder, sorted; other files are counted in ``ignored``. A folder is entered once."""
    seen: set[tuple[int, int]] = set()
    paths: list[str] = []
    for folder, names, files in os.walk(root, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            names.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        names[:] = sorted(name for name in names if not name.startswith('.'))
        for name in files:
            ending = os.path.splitext(name)[1].lower()
            if name.startswith('.'):
                continue
            if ending in IMG_EXTENSIONS:
                paths.append(Path(folder, name).relative_to(root).as_posix())
            else:
                ignored[ending or 'no ending'] = ignored.get(ending or 'no ending', 0) + 1
    yield from sorted(paths)


def _nothing_found(root: Path, loose: Sequence[str], ignored: Mapping[str, int]) -> str:
    if loose:
        return (
            f'{root} has {len(loose)} images, but no class folders with images. Put the images of each class into a '
            f'folder of its own below {root}, or write {CSV_NAME} with the columns image and label'
        )
    text = f'{root} has no images ({", ".join(IMG_EXTENSIONS)})'
    if ignored:
        text += f'; it has {describe_ignored(ignored)}'
    return f'{text}. Give the folder that has one folder of images per class'


def describe_ignored(ignored: Mapping[str, int]) -> str:
    """Other files in words, with a fix for image formats that are not read.

    Example:
        >>> describe_ignored({'.heic': 3, '.txt': 1})
        '3 files .heic, 1 file .txt (convert .heic to .jpg first)'
    """
    parts = [f'{count} file{"s" if count > 1 else ""} {ending}' for ending, count in sorted(ignored.items())]
    images = [ending for ending in sorted(ignored) if ending in _OTHER_IMAGES]
    return ', '.join(parts) + (f' (convert {", ".join(images)} to .jpg first)' if images else '')


def _some(names: Sequence[str]) -> str:
    return ', '.join(map(repr, names[:3])) + (', ...' if len(names) > 3 else '')
