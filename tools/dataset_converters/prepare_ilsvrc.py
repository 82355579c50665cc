#!/usr/bin/env python
r"""Unpack ILSVRC2012 (CLS-LOC) to the layout that configs/_base_/datasets/ilsvrc*.py expect.

    python tools/dataset_converters/prepare_ilsvrc.py ILSVRC2012_img_train.tar ILSVRC2012_img_val.tar \
        ILSVRC2012_bbox_val_v3.tgz ILSVRC2012_devkit_t12.tar.gz

Kaggle's single archive (ImageNet Object Localization Challenge) works too. The output is

    OUT/train/<wnid>/*.JPEG
    OUT/val/*.JPEG
    OUT/annotations/val/*.xml
    OUT/val_labels.txt          classes of the validation images, from the devkit or else from the boxes' class names

Give the archives in one call or one by one. Tar files inside the training archive are unpacked directly, without a copy
on disk. After an interruption, run the same command again: files that are already unpacked are kept.
"""

from __future__ import annotations

from pathlib import Path

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
    """The class (WordNet id) of each validation image, in order, from the devkit's files.

    The numbers in the ground-truth file are ILSVRC2012_ID in meta.mat, not the usual labels by sorted WordNet id.
    """
    from scipy.io import loadmat

    synsets = loadmat(str(devkit / 'meta.mat'), squeeze_me=True, struct_as_record=False)['synsets']
    names = {int(synset.ILSVRC2012_ID): str(synset.WNID) for synset in synsets}
    path = devkit / 'ILSVRC2012_validation_ground_truth.txt'
    numbers = path.read_text().split()
    unknown = sorted({number for number in numbers if not number.isdigit() or int(number) not in names})
    if unknown:
        raise PrepareError(f'{path}: {unknown[:5]} are not class numbers in {devkit / "meta.mat"}. Unpack both again')
    return [names[int(number)] for number in numbers]


def labels_by_boxes(folder: Path) -> dict[str, str]:
    """The class of each image, from the class names of its boxes, which must all be the same."""
    from sltnet_mm.datasets.box_xml import parse_xml  # imports torch, which --help must not wait for

    labels = {}
    for path in sorted(folder.glob('*.xml')):
        try:
            names = {element.text for element in parse_xml(path).findall('object/name')}
        except ValueError as error:
            raise PrepareError(str(error)) from error
        if len(names) != 1:
            raise PrepareError(
                f'{path}: its boxes have {len(names)} classes, so the label is unknown. Add the devkit archive'
            )
        labels[f'{path.stem}.JPEG'] = str(names.pop())
    return labels


def find_labels(out: Path) -> dict[str, str]:
    """The class of each validation image in OUT/val, from the unpacked devkit or boxes.

    Raises:
        PrepareError: If there are neither devkit nor boxes, or they do not match the images in OUT/val.
    """
    images = sorted(path.name for path in (out / 'val').glob('ILSVRC2012_val_*.JPEG'))
    if (out / 'devkit' / 'meta.mat').is_file():
        classes = labels_by_devkit(out / 'devkit')
        if len(classes) != len(images):
            raise PrepareError(
                f'{out / "val"} has {len(images)} images, but the devkit has {len(classes)}. Unpack the images again'
            )
        return dict(zip(images, classes, strict=True))
    labels = labels_by_boxes(out / 'annotations' / 'val')
    unlabeled = [name for name in images if name not in labels]
    if unlabeled:
        raise PrepareError(
            f'{len(unlabeled)} of {len(images)} images in {out / "val"} have no label, first: {unlabeled[0]}. Add the '
            'archive of the devkit (ILSVRC2012_devkit_t12.tar.gz) or of the boxes (ILSVRC2012_bbox_val_v3.tgz)'
        )
    return {name: labels[name] for name in images}


def main() -> None:
    """Unpack the archives and write the list of labels."""
    parser = make_parser(__doc__, 'the downloaded archives, all or some, in any order')
    parser.add_argument('--out', type=Path, default=Path('data/ILSVRC'), help='default: %(default)s')
    args = parser.parse_args()
    if not args.archives and not (args.out / 'val').is_dir():
        parser.error('nothing to do: give the archives')
    unpack(args.archives, args.out, RULES, args.overwrite)
    if (args.out / 'val').is_dir():
        labels = find_labels(args.out)
        text = ''.join(f'{image} {name}\n' for image, name in labels.items())
        write_text(args.out / 'val_labels.txt', text, args.overwrite)
        print(f'{args.out / "val_labels.txt"}: classes of {len(labels)} images')
    print(f'to check the data set, run: python tools/dataset_converters/verify.py ilsvrc {args.out}')


if __name__ == '__main__':
    run(main)
