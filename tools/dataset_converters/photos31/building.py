"""Building the data set: all images of all classes, reproducibly."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from photos31.compositing import box_of, compose
from photos31.marks import paint
from photos31.placement import background_crop
from photos31.recipe import BACKGROUNDS, SPLITS, ClassRecipe
from photos31.sources import Part, SourceError, find_background, load_background, load_cutout
from sltnet_mm.progress import track

_PREFIX = {'train': '', 'val': 'val_', 'test': 'test_'}
_MADE = ('images', 'masks', 'metadata', 'sheets')


@dataclass(frozen=True)
class Options:
    """What to build.

    Args:
        root: Folder with the unpacked packages.
        out: Output folder.
        counts: Number of images per class, by split.
        size: Side of the images in pixels.
        seed: Seed of the whole data set.
        photographs: Paths of the background photographs and the parts to use, by split.
    """

    root: str
    out: str
    counts: dict[str, int]
    size: int = 256
    seed: int = 0
    photographs: dict[str, list[tuple[str, Part]]] = field(default_factory=dict)

    @property
    def stamps(self) -> str:
        """Folder with the cut-outs."""
        return os.path.join(self.root, 'usr/share/tuxpaint/stamps')


def build(
    root: str,
    out: str,
    classes: Sequence[ClassRecipe],
    counts: dict[str, int],
    size: int,
    seed: int,
    groups: Sequence[str],
    jobs: int,
    force: bool,
) -> list[dict]:
    """Build all images in ``out``; the result has one row per image, as in meta.csv."""
    recipes = [recipe for recipe in classes if not groups or recipe.group in groups]
    if not recipes:
        known = sorted({recipe.group for recipe in classes})
        raise SourceError(f'--groups must be among {", ".join(known)}, got {",".join(groups)}')
    _clear(out, force)
    options = Options(root, out, counts, size, seed, _photographs(root, recipes))
    work = [(options, number, recipe) for number, recipe in enumerate(recipes, 1)]
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            return _joined(pool.map(make_class, work), len(work))
    return _joined(map(make_class, work), len(work))


def _joined(parts: Iterable[list[dict]], total: int) -> list[dict]:
    return [row for part in track(parts, 'Classes', total) for row in part]


def make_class(work: tuple[Options, int, ClassRecipe]) -> list[dict]:
    """Build all images of one class; the random numbers depend only on seed, split, class name and image number."""
    options, number, recipe = work
    cv2.setNumThreads(1)
    folder = f'{number:03d}.{recipe.name}'
    for kind in ('images', 'masks'):
        os.makedirs(os.path.join(options.out, kind, folder), exist_ok=True)
    rows = []
    for split in SPLITS:
        for index in range(options.counts[split]):
            stem = f'{recipe.name}_{_PREFIX[split]}{index + 1:04d}'
            row = dict(image=f'{folder}/{stem}.jpg', split=split, label=number - 1, class_name=recipe.name)
            rows.append({**row, **_make_image(options, recipe, split, index, os.path.join(folder, stem))})
    return rows


def _make_image(options: Options, recipe: ClassRecipe, split: str, index: int, target: str) -> dict:
    stream = [options.seed, SPLITS.index(split), zlib.crc32(recipe.name.encode()), index]
    rng = np.random.default_rng(stream)
    cutouts = (recipe.test or recipe.train) if split == 'test' else recipe.train
    stamp = cutouts[index % len(cutouts)]
    photographs = options.photographs[split]
    path, part = photographs[rng.integers(0, len(photographs))]
    cutout = load_cutout(os.path.join(options.stamps, stamp + '.png'))
    if recipe.mark is not None:
        cutout = paint(cutout, recipe.mark)
    for _ in range(20):  # until the box has a reasonable size; the 20th attempt is kept in any case
        crop = background_crop(rng, load_background(path, part, options.size), options.size)
        image, mask, notes = compose(rng, crop, cutout, options.size, recipe.rotation, recipe.grounded)
        x0, y0, x1, y1 = box_of(mask)
        share = (x1 - x0) * (y1 - y0) / options.size**2
        if 0.10 <= share <= 0.60:
            break
    quality = int(rng.integers(60, 96))
    file = os.path.join(options.out, 'images', target + '.jpg')
    if not cv2.imwrite(file, image, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise SourceError(f'{file} cannot be written. Is the disk full?')
    cv2.imwrite(os.path.join(options.out, 'masks', target + '.png'), mask.astype(np.uint8) * 255)
    return dict(
        group=recipe.group,
        cutout=stamp,
        unseen_cutout=int(split == 'test' and bool(recipe.test)),
        background=os.path.relpath(path, options.root),
        x0=x0,
        y0=y0,
        x1=x1,
        y1=y1,
        box_share=f'{share:.4f}',
        mask_share=f'{mask.mean():.4f}',
        jpeg=quality,
        **notes,
    )


def image_digest(out: str, rows: list[dict]) -> str:
    """The SHA-256 of all image files in order, which is equal for equal data sets."""
    digest = hashlib.sha256()
    for row in rows:
        with open(os.path.join(out, 'images', row['image']), 'rb') as file:
            digest.update(file.read())
    return digest.hexdigest()


def _clear(out: str, force: bool) -> None:
    made = [os.path.join(out, name) for name in _MADE]
    if any(os.path.exists(path) for path in made):
        if not force:
            raise SourceError(f'{out} already contains a data set. Use --force to replace it, or another --out')
        for path in made:
            shutil.rmtree(path, ignore_errors=True)


def _photographs(root: str, recipes: Sequence[ClassRecipe]) -> dict[str, list[tuple[str, Part]]]:
    """The photographs of each split; a SourceError lists all missing files, including cut-outs."""
    found: dict[str, list[tuple[str, Part]]] = {}
    missing = []
    for split, items in BACKGROUNDS.items():
        found[split] = []
        for relative, part in items:
            path = find_background(root, relative)
            if path is None:
                missing.append(relative)
            else:
                found[split].append((path, part))
    stamps = Options(root, '', {}).stamps
    cutouts = list(dict.fromkeys(stamp + '.png' for recipe in recipes for stamp in recipe.train + recipe.test))
    missing += [stamp for stamp in cutouts if not os.path.isfile(os.path.join(stamps, stamp))]
    if missing:
        raise SourceError(
            f'{len(missing)} source files are missing in {root}. Are all packages there, as in Debian 12?\n  '
            + '\n  '.join(missing)
        )
    return found
