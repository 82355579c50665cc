#!/usr/bin/env python
r"""Lay out ILSVRC2012 (CLS-LOC) as configs/_base_/datasets/ilsvrc*.py expect it.

    python tools/dataset_converters/prepare_ilsvrc.py ILSVRC2012_img_train.tar ILSVRC2012_img_val.tar \
        ILSVRC2012_bbox_val_v3.tgz ILSVRC2012_devkit_t12.tar.gz

or Kaggle's single archive (ImageNet Object Localization Challenge). OUT/train/<wnid>/*.JPEG, OUT/val/*.JPEG,
OUT/annotations/val/*.xml, and OUT/val_labels.txt, the classes of the validation images: by the devkit, or, where it is
not given, by the boxes' class names. The archives may be given one after another; tars inside the training tar are
unpacked without being written to the disk. Unpacked files are left alone; run it again after an interrupt.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from unpacking import PrepareError, make_parser, run, unpack, write_text

_TRAIN = r'(n\d{8})/(n\d{8}_\d+\.JPEG)'
_VAL = r'(ILSVRC2012_val_\d{8})'
_KAGGLE = r'(?:.*/)?Data/CLS-LOC'
RULES = (
    (r'(n\d{8})(_\d+\.JPEG)', r'train/\1/\1\2'),
    (r'(?:.*/)?(n\d{8})\.tar/(?:.*/)?(n\d{8}_\d+\.JPEG)', r'train/\1/\2'),
    (rf'{_KAGGLE}/train/{_TRAIN}', r'train/\1/\2'),
    (rf'(?:train/)?{_TRAIN}', r'train/\1/\2'),
    (rf'(?:{_KAGGLE}/)?(?:val/)?{_VAL}\.JPEG', r'val/\1.JPEG'),
    (rf'(?:.*/)?{_VAL}\.xml', r'annotations/val/\1.xml'),
    (r'(?:.*/)?(meta\.mat|ILSVRC2012_validation_ground_truth\.txt)', r'devkit/\1'),
)


def labels_by_devkit(devkit: Path) -> list[str]:
    """The class (WordNet id) of each validation image, in their order, by the devkit's files.

    The numbers in the ground truth are the devkit's ILSVRC2012_ID (meta.mat), not the usual labels by sorted WordNet
    id.
    """
    from scipy.io import loadmat

    synsets = loadmat(str(devkit / 'meta.mat'), squeeze_me=True, struct_as_record=False)['synsets']
    names = {int(synset.ILSVRC2012_ID): str(synset.WNID) for synset in synsets}
    path = devkit / 'ILSVRC2012_validation_ground_truth.txt'
    numbers = path.read_text().split()
    unknown = sorted({number for number in numbers if not number.isdigit() or int(number) not in names})
    if unknown:
        raise PrepareError(f'{path}: {unknown[:5]} are no numbers of classes in {devkit / "meta.mat"}')
    return [names[int(number)] for number in numbers]


def labels_by_boxes(folder: Path) -> dict[str, str]:
    """The class of each image by the class names of its boxes, which must agree."""
    labels = {}
    for path in sorted(folder.glob('*.xml')):
        try:
            names = {element.text for element in ElementTree.parse(path).getroot().findall('object/name')}
        except ElementTree.ParseError as error:
            raise PrepareError(f'{path}: not a whole xml file ({error}); unpack it again') from error
        if len(names) != 1:
            raise PrepareError(
                f'{path}: its boxes are of {len(names)} classes, so the label is unknown: give the devkit'
            )
        labels[f'{path.stem}.JPEG'] = str(names.pop())
    return labels


def find_labels(out: Path) -> dict[str, str]:
    """The class of each validation image below OUT/val, by what was unpacked.

    Raises:
        PrepareError: There is neither devkit nor box, or they are of other images than those in OUT/val.
    """
    images = sorted(path.name for path in (out / 'val').glob('ILSVRC2012_val_*.JPEG'))
    if (out / 'devkit' / 'meta.mat').is_file():
        classes = labels_by_devkit(out / 'devkit')
        if len(classes) != len(images):
            raise PrepareError(
                f'{out / "val"} holds {len(images)} images, the devkit knows {len(classes)}: unpack the images again'
            )
        return dict(zip(images, classes, strict=True))
    labels = labels_by_boxes(out / 'annotations' / 'val')
    unlabeled = [name for name in images if name not in labels]
    if unlabeled:
        raise PrepareError(
            f'{len(unlabeled)} of {len(images)} images in {out / "val"} have no label, the first: {unlabeled[0]}. '
            'Give the devkit (ILSVRC2012_devkit_t12.tar.gz) or the boxes (ILSVRC2012_bbox_val_v3.tgz)'
        )
    return {name: labels[name] for name in images}


def main() -> None:
    """Unpack, list the labels."""
    parser = make_parser(__doc__, 'archives as downloaded, in any order, all or some')
    parser.add_argument('--out', type=Path, default=Path('data/ILSVRC'), help='default: %(default)s')
    args = parser.parse_args()
    if not args.archives and not (args.out / 'val').is_dir():
        parser.error('nothing to do: name the archives')
    unpack(args.archives, args.out, RULES, args.overwrite)
    if (args.out / 'val').is_dir():
        labels = find_labels(args.out)
        text = ''.join(f'{image} {name}\n' for image, name in labels.items())
        write_text(args.out / 'val_labels.txt', text, args.overwrite)
        print(f'classes of {len(labels)} images in {args.out / "val_labels.txt"}')
    print(f'check it: python tools/dataset_converters/verify.py ilsvrc {args.out}')


if __name__ == '__main__':
    run(main)
