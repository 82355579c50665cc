"""Writers of small data sets and the pipeline that their tests share."""

import os
import time
from pathlib import Path

import cv2
import numpy as np

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=16),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]


def write_image(path: Path, seed: int = 0, shape: tuple[int, int] = (20, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    assert cv2.imwrite(str(path), image)


def write_lines(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(line + '\n' for line in lines), encoding='utf-8')


def box_xml(boxes: list[tuple], size: tuple[int, int] = (30, 20)) -> str:
    """ILSVRC's xml: boxes are (name, xmin, ymin, xmax, ymax)."""
    corners = ('xmin', 'ymin', 'xmax', 'ymax')
    objects = ''.join(
        f'<object><name>{name}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult><bndbox>'
        + ''.join(f'<{key}>{value}</{key}>' for key, value in zip(corners, box, strict=True))
        + '</bndbox></object>'
        for name, *box in boxes
    )
    width, height = size
    return (
        '<annotation><folder>val</folder><filename>ILSVRC2012_val</filename><source><database>ILSVRC_2012</database>'
        f'</source><size><width>{width}</width><height>{height}</height><depth>3</depth></size>'
        f'<segmented>0</segmented>{objects}</annotation>'
    )


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def settle(root: Path, then: float | None = None) -> None:
    """Set all times below a folder back (to ten seconds ago), as if nothing had changed for a while."""
    then = time.time() - 10 if then is None else then
    for path in [*root.rglob('*'), root]:
        os.utime(path, (then, then))


def write_ilsvrc(root: Path, flat: bool = True) -> None:
    """2 classes of 3 and 2 training images, 3 test images (the first with two boxes of its class, one of the other)."""
    for seed, name in enumerate(('n02/n02_7', 'n01/n01_1', 'n01/n01_10', 'n01/n01_2', 'n02/n02_5')):
        write_image(root / 'train' / f'{name}.JPEG', seed)
    labels = {1: 'n02', 2: 'n01', 3: 'n02'}
    boxes = {
        1: [('n02', 1, 2, 11, 12), ('n01', 0, 0, 5, 5), ('n02', 15, 2, 29, 19)],
        2: [('n01', 0, 0, 30, 20)],
        3: [('n02', 3, 4, 9, 10)],
    }
    for number, label in labels.items():
        name = f'ILSVRC2012_val_{number:08d}'
        write_image(root / 'val' / ('' if flat else label) / f'{name}.JPEG', number)
        write_text(root / 'annotations' / 'val' / f'{name}.xml', box_xml(boxes[number]))
    if flat:
        write_lines(root / 'val_labels.txt', *(f'ILSVRC2012_val_{n:08d}.JPEG {label}' for n, label in labels.items()))


def write_imagenetv2(root: Path, hashed: bool = True, hashed_lists: bool = True) -> None:
    """One image a class with wsolevaluation's lists; names are hashes (current edition) or numbers (first one)."""
    names = {0: 'a31041fd31109279f69ba5827fe508eee00abd75', 1: 'c6006866ff066ef85e82e2f62bd8766fbf8ce8ab'}
    for label, name in names.items():
        write_image(root / 'val2' / str(label) / f'{name if hashed else 0}.jpeg', label)
    paths = [f'val2/{label}/{name if hashed_lists else 0}.jpeg' for label, name in names.items()]
    lists = root / 'metadata' / 'ILSVRC' / 'val'
    write_lines(lists / 'image_ids.txt', *paths)
    write_lines(lists / 'class_labels.txt', *(f'{path},{label}' for label, path in enumerate(paths)))
    write_lines(lists / 'localization.txt', f'{paths[0]},1,2,11,12', f'{paths[1]},0,0,30,20', f'{paths[0]},3,3,9,9')
    write_lines(lists / 'mapping.txt', *(f'{label}/0.jpeg, {label}/{name}.jpeg' for label, name in names.items()))


def write_cubv2(root: Path) -> None:
    """CUBV2 for the classes of the fixture ``cub_root``: two images, below the folder of CUB."""
    names = ('001.Albatross/30107316117.jpg', '002.Wren/25513167677.jpg')
    for seed, name in enumerate(names):
        write_image(root / 'CUBV2' / 'images' / name, seed)
    lists = root / 'CUBV2' / 'lists'
    write_lines(lists / 'image_ids.txt', *names)
    write_lines(lists / 'class_labels.txt', *(f'{name},{label}' for label, name in enumerate(names)))
    write_lines(lists / 'localization.txt', f'{names[0]},4,5,20,15', f'{names[1]},1,2,11,12')


def write_openimages(root: Path) -> None:
    """Two classes in the three splits; the masks of the first test image are two, with an ignore region."""
    for split in ('train', 'val', 'test'):
        names = [f'{split}/01226z/aa.jpg', f'{split}/0138tl/bb.jpg']
        for seed, name in enumerate(names):
            write_image(root / name, seed)
        lists = root / 'metadata' / 'OpenImages' / split
        write_lines(lists / 'image_ids.txt', *names)
        write_lines(lists / 'class_labels.txt', *(f'{name},{label}' for label, name in enumerate(names)))
        if split == 'train':
            continue
        stems = [name[:-4] for name in names]
        rows = [f'{names[0]},{stems[0]}_m1.png,{stems[0]}_ignore.png', f'{names[1]},{stems[1]}_m1.png,']
        rows.insert(1, f'{names[0]},{stems[0]}_m2.png,')
        write_lines(lists / 'localization.txt', *rows)
        for name, box in {'m1': (2, 3, 8, 9), 'm2': (10, 3, 14, 9), 'ignore': (12, 0, 30, 12)}.items():
            for stem in stems:
                mask = np.zeros((20, 30), np.uint8)
                mask[box[1] : box[3], box[0] : box[2]] = 255
                assert cv2.imwrite(str(root / f'{stem}_{name}.png'), mask)
