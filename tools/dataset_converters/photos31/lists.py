"""The text files of photos31: CUB-200-2011's layout, wsolevaluation's lists, and tables with all metadata."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from photos31.recipe import SPLITS, ClassRecipe


def write_lists(out: str, rows: list[dict], classes: Sequence[ClassRecipe], name: str, size: int) -> None:
    """Write both layouts and the tables, for those of the classes that occur in ``rows``."""
    names = list(dict.fromkeys(row['class_name'] for row in rows))
    by_name = {recipe.name: recipe for recipe in classes}
    recipes = [by_name[each] for each in names]
    _write_cub(out, rows, recipes)
    for split in SPLITS:
        _write_wsolevaluation(
            os.path.join(out, 'metadata', name, split), [r for r in rows if r['split'] == split], size
        )
    _write_tables(out, rows, recipes)


def _put(path: str, lines: Iterable[str]) -> None:
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        file.writelines(line + '\n' for line in lines)


def _write_cub(out: str, rows: list[dict], recipes: Sequence[ClassRecipe]) -> None:
    """Write CUB's files: training and test images only; boxes are x y w h, counted from 0, w = number of columns."""
    numbered = list(enumerate([row for row in rows if row['split'] != 'val'], 1))
    _put(os.path.join(out, 'classes.txt'), (f'{i} {i:03d}.{recipe.name}' for i, recipe in enumerate(recipes, 1)))
    _put(os.path.join(out, 'images.txt'), (f'{i} {row["image"]}' for i, row in numbered))
    _put(os.path.join(out, 'image_class_labels.txt'), (f'{i} {row["label"] + 1}' for i, row in numbered))
    _put(os.path.join(out, 'train_test_split.txt'), (f'{i} {int(row["split"] == "train")}' for i, row in numbered))
    boxes = ((i, row['x0'], row['y0'], row['x1'] - row['x0'], row['y1'] - row['y0']) for i, row in numbered)
    _put(os.path.join(out, 'bounding_boxes.txt'), (f'{i} {x:.1f} {y:.1f} {w:.1f} {h:.1f}' for i, x, y, w, h in boxes))


def _write_wsolevaluation(folder: str, rows: list[dict], size: int) -> None:
    """Write wsolevaluation's lists: boxes x0,y0,x1,y1 with x1 = x0 + w, as in its CUB lists; masks are in masks/."""
    os.makedirs(folder, exist_ok=True)
    lists = {
        'image_ids': (row['image'] for row in rows),
        'class_labels': (f'{row["image"]},{row["label"]}' for row in rows),
        'image_sizes': (f'{row["image"]},{size},{size}' for row in rows),
        'localization': (f'{row["image"]},{row["x0"]},{row["y0"]},{row["x1"]},{row["y1"]}' for row in rows),
        'localization_masks': (f'{row["image"]},{row["image"][:-4]}.png,' for row in rows),
    }
    for name, lines in lists.items():
        _put(os.path.join(folder, name + '.txt'), lines)


def _write_tables(out: str, rows: list[dict], recipes: Sequence[ClassRecipe]) -> None:
    with open(os.path.join(out, 'meta.csv'), 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    header = ['label', 'name', 'group', 'train_cutouts', 'test_cutouts', 'imagenet_ids', 'near_imagenet_ids']
    with open(os.path.join(out, 'classes_meta.csv'), 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file)
        table.writerow(header)
        for label, recipe in enumerate(recipes):
            lists = (recipe.train, recipe.test or recipe.train, recipe.imagenet, recipe.near)
            table.writerow([label, recipe.name, recipe.group, *(' '.join(map(str, items)) for items in lists)])


def write_sheets(out: str, rows: list[dict], classes: int = 30, images: int = 4) -> None:
    """Write contact sheets with boxes: ``images`` images per class, ``classes`` classes per sheet."""
    os.makedirs(os.path.join(out, 'sheets'), exist_ok=True)
    for split in SPLITS:
        by_label: dict[int, list[dict]] = {}
        for row in rows:
            if row['split'] == split:
                by_label.setdefault(row['label'], []).append(row)
        labels = sorted(by_label)
        for start in range(0, len(labels), classes):
            picked = [row for label in labels[start : start + classes] for row in by_label[label][:images]]
            _sheet(out, picked, os.path.join(out, 'sheets', f'{split}_{start // classes}.png'))


def _sheet(out: str, rows: list[dict], path: str, columns: int = 12, cell: int = 150) -> None:
    sheet = np.full(((len(rows) + columns - 1) // columns * cell, columns * cell, 3), 255, np.uint8)
    for place, row in enumerate(rows):
        image = cv2.imread(os.path.join(out, 'images', row['image']))
        cv2.rectangle(image, (row['x0'], row['y0']), (row['x1'] - 1, row['y1'] - 1), (0, 0, 255), 1)
        for color, width in (((255, 255, 255), 2), ((0, 0, 0), 1)):
            cv2.putText(image, row['class_name'], (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, color, width, cv2.LINE_AA)
        y, x = place // columns * cell, place % columns * cell
        small = cv2.resize(image, (cell - 2, cell - 2), interpolation=cv2.INTER_AREA)
        sheet[y : y + cell - 2, x : x + cell - 2] = small
    cv2.imwrite(path, sheet)
