"""Building the whole data set: all images of all classes, reproducibly."""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import cv2
import mmengine
import numpy as np

from photos31.compositing import box_of, compose
from photos31.placement import background_crop
from photos31.recipe import BACKGROUNDS, CLASSES, SPLITS, ClassRecipe
from photos31.sources import Part, SourceError, find_background, load_background, load_cutout

_PREFIX = {'train': '', 'val': 'val_', 'test': 'test_'}
_MADE = ('images', 'masks', 'metadata', 'sheets')


@dataclass(frozen=True)
class Options:
    """What is built: ``counts`` images a class and split, ``size`` pixels a side; ``photographs`` of each split."""

    root: str
    out: str
    counts: dict[str, int]
    size: int = 256
    seed: int = 0
    photographs: dict[str, list[tuple[str, Part]]] = field(default_factory=dict)

    @property
    def stamps(self) -> str:
        """Folder of the cut-outs."""
        return os.path.join(self.root, 'usr/share/tuxpaint/stamps')


def build(
    root: str, out: str, counts: dict[str, int], size: int, seed: int, groups: Sequence[str], jobs: int, force: bool
) -> list[dict]:
    """Draw everything into ``out`` and return one row a image, as written to meta.csv."""
    recipes = [recipe for recipe in CLASSES if not groups or recipe.group in groups]
    if not recipes:
        known = sorted({recipe.group for recipe in CLASSES})
        raise SourceError(f'--groups {",".join(groups)} names no class; the groups are {", ".join(known)}')
    _clear(out, force)
    options = Options(root, out, counts, size, seed, _photographs(root, recipes))
    work = [(options, number, recipe) for number, recipe in enumerate(recipes, 1)]
    if jobs > 1:
        bar = mmengine.ProgressBar(len(work))
        rows = []
        with ProcessPoolExecutor(jobs) as pool:
            for part in pool.map(make_class, work):
                rows += part
                bar.update()
        print()
        return rows
    return [row for part in mmengine.track_progress(make_class, work) for row in part]


def make_class(work: tuple[Options, int, ClassRecipe]) -> list[dict]:
    """All images of one class; the random stream hangs on seed, split, class name and number only."""
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
    for _ in range(20):  # until the box has a sensible share of the image; the 20th trial is taken as it is
        crop = background_crop(rng, load_background(path, part, options.size), options.size)
        image, mask, notes = compose(rng, crop, cutout, options.size, recipe.rotation, recipe.grounded)
        x0, y0, x1, y1 = box_of(mask)
        share = (x1 - x0) * (y1 - y0) / options.size**2
        if 0.10 <= share <= 0.60:
            break
    quality = int(rng.integers(60, 96))
    file = os.path.join(options.out, 'images', target + '.jpg')
    if not cv2.imwrite(file, image, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise SourceError(f'{file} cannot be written: is the disk full?')
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
    """sha256 over all image files in order: equal for equal data sets."""
    digest = hashlib.sha256()
    for row in rows:
        with open(os.path.join(out, 'images', row['image']), 'rb') as file:
            digest.update(file.read())
    return digest.hexdigest()


def _clear(out: str, force: bool) -> None:
    made = [os.path.join(out, name) for name in _MADE]
    if any(os.path.exists(path) for path in made):
        if not force:
            raise SourceError(f'{out} holds a data set already: give --force to replace it, or another --out')
        for path in made:
            shutil.rmtree(path, ignore_errors=True)


def _photographs(root: str, recipes: Sequence[ClassRecipe]) -> dict[str, list[tuple[str, Part]]]:
    """Photographs of each split; SourceError lists everything that is missing, cut-outs too."""
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
    cutouts = [stamp + '.png' for recipe in recipes for stamp in recipe.train + recipe.test]
    missing += [stamp for stamp in cutouts if not os.path.isfile(os.path.join(stamps, stamp))]
    if missing:
        raise SourceError(
            f'{len(missing)} sources are missing below {root}; are all packages there, as in Debian 12?\n  '
            + '\n  '.join(missing)
        )
    return found
