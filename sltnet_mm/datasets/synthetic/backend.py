"""A file backend for ``synthetic://`` paths: images are drawn when they are read, so every mm tool can load them."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from mmengine.fileio import BaseStorageBackend, register_backend

from sltnet_mm.datasets.synthetic.drawing import draw_image
from sltnet_mm.datasets.synthetic.scene import SPLIT_STREAMS, make_scene
from sltnet_mm.datasets.synthetic.shapes import CLASSES

PREFIX = 'synthetic'
_PATH = re.compile(r'^synthetic://seed(\d+)-size(\d+)/(train|val|test)/(\d+)-(\d\d)(\.mask)?\.png$')
_KEPT = 4096  # encoded images in the cache: 40 MB at 64 x 64 (10 kB each); drawing again would cost more than decoding


def image_path(seed: int, split: str, index: int, label: int, size: int, mask: bool = False) -> str:
    """The path of an embedded image, or of its mask (0 background, 255 visible animal).

    Example:
        >>> image_path(seed=0, split='train', index=123, label=5, size=64)
        'synthetic://seed0-size64/train/000123-05.png'
    """
    return f'{PREFIX}://seed{seed}-size{size}/{split}/{index:06d}-{label:02d}{".mask" if mask else ""}.png'


@register_backend(PREFIX, prefixes=PREFIX, force=True)
class SyntheticBackend(BaseStorageBackend):
    """The mmengine file backend of the embedded data: reading a path draws the image and encodes it as PNG.

    Example:
        >>> import mmcv, mmengine.fileio
        >>> content = mmengine.fileio.get('synthetic://seed0-size64/val/000005-05.png')
        >>> mmcv.imfrombytes(content).shape
        (64, 64, 3)
    """

    def get(self, filepath: str | Path) -> bytes:
        """PNG bytes of the image or mask; a FileNotFoundError if the path is not that of an image or mask."""
        return _encode(str(filepath))

    def get_text(self, filepath: str | Path, encoding: str = 'utf-8') -> str:
        """Raise FileNotFoundError: there are no text files."""
        raise FileNotFoundError(f'{str(filepath)!r} is not a text file: synthetic:// has images only')

    @contextmanager
    def get_local_path(self, filepath: str | Path) -> Generator[str, None, None]:
        """Path of a temporary file with the image, for libraries that can only read files."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / str(filepath).rpartition('/')[2]
            path.write_bytes(self.get(filepath))
            yield str(path)

    def exists(self, filepath: str | Path) -> bool:
        """Whether the path is that of an image or mask."""
        return _parse(str(filepath)) is not None

    isfile = exists

    def isdir(self, filepath: str | Path) -> bool:
        """Always False: folders cannot be listed."""
        return False

    def join_path(self, filepath: str | Path, *filepaths: str | Path) -> str:
        """The parts joined by slashes."""
        return '/'.join([str(filepath).rstrip('/'), *map(str, filepaths)])


def _parse(path: str) -> tuple[tuple[int, str, int, int, int], bool] | None:
    found = _PATH.match(path)
    if found is None:
        return None
    seed, size, split, index, label, mask = found.groups()
    if int(label) >= len(CLASSES) or int(size) < 1 or split not in SPLIT_STREAMS:
        return None
    return (int(seed), split, int(index), int(label), int(size)), bool(mask)


@lru_cache(maxsize=_KEPT)
def _encode(path: str) -> bytes:
    fields = _parse(path)
    if fields is None:
        raise FileNotFoundError(
            f'{path!r} is not an embedded image. Paths must look like {image_path(0, "train", 123, 5, 64)!r}, with a '
            f'class from 00 to {len(CLASSES) - 1}'
        )
    scene, mask = fields
    picture = make_scene(*scene).mask.astype(np.uint8) * 255 if mask else draw_image(*scene)
    return cv2.imencode('.png', picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
