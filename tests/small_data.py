"""A few images in the layout of each data set that the configs name."""

import functools
import shutil
from pathlib import Path

import cv2
import numpy as np

IMAGES = [f'{i % 3 + 1:03d}.Class/{i}.jpg' for i in range(12)]  # labels 0, 1, 2


def write_images(root: Path) -> None:
    rng = np.random.default_rng(0)
    for path in IMAGES:
        (root / 'images' / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / 'images' / path), rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))


def write_cub_layout(root: Path) -> None:
    """A few images for each split under CUB-200-2011's own file names."""
    write_images(root)
    columns = dict(
        images=IMAGES,
        image_class_labels=[int(path[:3]) for path in IMAGES],
        train_test_split=[i % 2 for i in range(12)],
        bounding_boxes=['10.0 20.0 50.0 40.0'] * 12,
        classes=[f'{i:03d}.Class' for i in range(1, 201)],
    )
    for name, values in columns.items():
        (root / f'{name}.txt').write_text(''.join(f'{i} {value}\n' for i, value in enumerate(values, start=1)))


def write_list_layout(root: Path, name: str = 'PHOTOS31') -> None:
    """The same images as wsolevaluation's lists."""
    write_images(root)
    columns = dict(
        image_ids='',
        class_labels=',{label}',
        image_sizes=',120,90',
        localization=',10,20,60,60',
        localization_masks=',{mask},',
    )
    for split in ('train', 'val', 'test'):
        folder = root / 'metadata' / name / split
        folder.mkdir(parents=True)
        for kind, rest in columns.items():
            lines = [
                path + rest.format(label=int(path[:3]) - 1, mask=Path(path).with_suffix('.png')) for path in IMAGES
            ]
            (folder / f'{kind}.txt').write_text('\n'.join(lines) + '\n')


def write_csv_layout(root: Path) -> None:
    """The same images as a folder and a CSV file."""
    write_images(root)
    rows = [
        f'images/{path},c{i % 20:02d},{split},10,20,60,60'
        for i, path in enumerate(IMAGES)
        for split in ('train', 'val', 'test')
    ]
    (root / 'annotations.csv').write_text('\n'.join(['image,label,split,x1,y1,x2,y2', *rows]))


def write_ilsvrc_layout(root: Path) -> None:
    """ILSVRC2012's 1,000 class folders with one image each, and as many validation images with their xml files."""
    image = cv2.imencode('.JPEG', np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8))[1].tobytes()
    boxes = root / 'annotations' / 'val'
    boxes.mkdir(parents=True)
    for i in range(1000):
        wnid, name = f'n{i:08d}', f'ILSVRC2012_val_{i + 1:08d}'
        for folder, stem in ((root / 'train' / wnid, f'{wnid}_1'), (root / 'val' / wnid, name)):
            folder.mkdir(parents=True)
            (folder / f'{stem}.JPEG').write_bytes(image)
        (boxes / f'{name}.xml').write_text(
            '<annotation><size><width>120</width><height>90</height><depth>3</depth></size><object>'
            f'<name>{wnid}</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax><ymax>60</ymax></bndbox></object>'
            '</annotation>'
        )


def write_lists(folder: Path, paths: list[str], labels: list[int], boxes: str = '10,20,60,60') -> None:
    """wsolevaluation's lists of one split."""
    folder.mkdir(parents=True)
    columns = dict(image_ids=[''] * len(paths), class_labels=[f',{label}' for label in labels])
    columns['localization'] = [f',{boxes}'] * len(paths)
    for name, rest in columns.items():
        lines = [path + text for path, text in zip(paths, rest, strict=True)]
        (folder / f'{name}.txt').write_text('\n'.join(lines) + '\n')


def write_cubv2_layout(root: Path) -> None:
    """CUB with CUBV2 below it: the same images once more."""
    write_cub_layout(root)
    write_images(root / 'CUBV2')
    write_lists(root / 'CUBV2/lists', IMAGES, [int(path[:3]) - 1 for path in IMAGES])


def write_imagenetv2_layout(root: Path) -> None:
    """ILSVRC2012 with ImageNetV2 below it: one image of each of four classes."""
    write_ilsvrc_layout(root)
    paths = [f'val2/{label}/{label:040x}.jpeg' for label in range(4)]
    for path in paths:
        (root / path).parent.mkdir(parents=True)
        shutil.copy(root / 'val/n00000000/ILSVRC2012_val_00000001.JPEG', root / path)
    write_lists(root / 'metadata/ILSVRC/val', paths, list(range(4)))


def write_openimages_layout(root: Path) -> None:
    """OpenImages30k: four images per split, with one mask each and no ignore region."""
    rng, mask = np.random.default_rng(0), np.zeros((90, 120), np.uint8)
    mask[20:60, 10:60] = 255
    for split in ('train', 'val', 'test'):
        stems = [f'{split}/class{i}/{i}' for i in range(4)]
        for stem in stems:
            (root / stem).parent.mkdir(parents=True)
            cv2.imwrite(str(root / f'{stem}.jpg'), rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))
            cv2.imwrite(str(root / f'{stem}_mask.png'), mask)
        folder = root / 'metadata/OpenImages' / split
        write_lists(folder, [f'{stem}.jpg' for stem in stems], list(range(4)))
        lines = [f'{stem}.jpg,{stem}_mask.png,' for stem in stems]
        (folder / 'localization.txt').write_text('\n'.join(lines) + '\n')


LAYOUTS = dict(
    cub=write_cub_layout,
    cubv2=write_cubv2_layout,
    photos31=write_list_layout,
    marks36=functools.partial(write_list_layout, name='MARKS36'),
    custom=write_csv_layout,
    ilsvrc=write_ilsvrc_layout,
    imagenetv2=write_imagenetv2_layout,
    openimages=write_openimages_layout,
)
