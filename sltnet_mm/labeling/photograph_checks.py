"""Checks of photographs before a training: what cannot be used, with the fix."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from sltnet_mm.labeling.photographs import Photographs, describe_ignored
from sltnet_mm.progress import track

FEW = 8
"""A class with fewer images than this is hardly learned."""
SMALL = 32
"""Images with a shorter side than this, in pixels, are hardly located."""
_LISTED = 10  # names per list; a longer one would bury the others


@dataclass
class CheckedPhotographs:
    """Photographs that a training can use, and what was found wrong.

    Args:
        usable: The photographs without those left out.
        left_out: Image to reason.
        warnings: Sentences on the rest, each with its fix.
    """

    usable: Photographs
    left_out: dict[str, str]
    warnings: list[str] = field(default_factory=list)


def check_photographs(photographs: Photographs) -> CheckedPhotographs:
    """Decode every image once and look for what makes boxes fail.

    Left out are images that cannot be decoded, copies of an image with the same label (one is kept), and images that
    occur with two labels (all copies). Very small images and classes with few images are listed.

    Raises:
        ValueError: If fewer than two classes or fewer than four images are left; the message says why.
    """
    faults, twins, small = _look_at(photographs)
    left_out = dict(faults)
    for names in twins:
        labels = {photographs.labels[name] for name in names}
        for name in names[1:] if len(labels) == 1 else names:
            left_out[name] = (
                f'a copy of {names[0]!r}' if len(labels) == 1 else f'the same image has the labels {sorted(labels)}'
            )
    usable = photographs.without(left_out)
    found = list(photographs.notes)
    if photographs.ignored:
        found.append(f'Other files are passed over: {describe_ignored(photographs.ignored)}')
    if small:
        found.append(f'{len(small)} images are smaller than {SMALL} pixels ({_names(small)}): take larger ones')
    few = {name: count for name, count in Counter(usable.labels.values()).items() if count < FEW}
    if few:
        listed = ', '.join(f'{name!r}: {count}' for name, count in sorted(few.items())[:_LISTED])
        found.append(
            f'{len(few)} classes have fewer than {FEW} images ({listed}{", ..." if len(few) > _LISTED else ""}): their '
            'boxes will be poor; add images or merge classes'
        )
    _require_enough(usable, left_out)
    return CheckedPhotographs(usable, left_out, found)


def _require_enough(usable: Photographs, left_out: Mapping[str, str]) -> None:
    lost = f' ({len(left_out)} were left out: {_reasons(left_out)})' if left_out else ''
    if len(usable.classes) < 2:
        have = f'only {usable.classes[0]!r}' if usable.classes else 'none'
        raise ValueError(
            f'{usable.root}: the photographs must show at least two classes, got {have}{lost}. Objects are found by '
            'what tells one class from another: add a folder of other images, such as the same places without it'
        )
    trained = {row['image'] for row in usable.rows if row['split'] == 'train'}
    if len(trained) < 4:
        raise ValueError(
            f'{usable.root}: at least 4 images are needed for training, got {len(trained)}{lost}. Some twenty per '
            'class make a start'
        )


def _look_at(photographs: Photographs) -> tuple[dict[str, str], list[list[str]], list[str]]:
    """Faults by image, groups of identical images, and very small images."""
    faults: dict[str, str] = {}
    copies: dict[bytes, list[str]] = defaultdict(list)
    small: list[str] = []
    names = list(photographs.labels)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # PIL decodes without Python's lock
        found = pool.map(lambda name: _decode(photographs.root / name), names)
        for name, (fault, digest, side) in zip(names, track(found, 'Checking photographs', len(names)), strict=True):
            if fault:
                faults[name] = fault
                continue
            copies[digest].append(name)
            if side < SMALL:
                small.append(name)
    return faults, [group for group in copies.values() if len(group) > 1], small


def _decode(path: Path) -> tuple[str, bytes, int]:
    """What is wrong with a file, a hash of its content, and the shorter side of the image."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return f'cannot be read ({error.strerror})', b'', 0
    if not content:
        return 'an empty file', b'', 0
    digest = hashlib.sha1(content).digest()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # they concern EXIF and size
            with Image.open(io.BytesIO(content)) as image:
                side = min(image.size)
                image.draft('RGB', (64, 64))  # JPEG: all data is read, few pixels are computed
                image.load()
    except Image.UnidentifiedImageError:
        return 'not an image, whatever its ending', digest, 0
    except Image.DecompressionBombError:
        return 'too large for PIL', digest, 0
    except (OSError, SyntaxError, ValueError, IndexError) as error:
        return f'truncated or damaged ({error})', digest, 0
    return '', digest, side


def _reasons(left_out: Mapping[str, str]) -> str:
    return '; '.join(f'{name!r}: {reason}' for name, reason in list(left_out.items())[:3])


def _names(names: list[str]) -> str:
    return ', '.join(map(repr, names[:_LISTED])) + (', ...' if len(names) > _LISTED else '')
