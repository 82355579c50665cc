"""Reading clovaai/wsolevaluation's text lists: images, labels, and boxes or masks."""

from __future__ import annotations

import os
import re

from sltnet_mm.datasets.text_files import Line, check_label, read_lines, read_mapping

# ImageNetV2 was published twice: its images numbered within a class at first, later named by a hash.
_NUMBERED, _HASHED = re.compile(r'\d{1,2}\.jpe?g', re.I), re.compile(r'[0-9a-f]{40}\.jpe?g', re.I)
# The box files in the repository's folder release/ begin so, whatever their rows hold.
_RELEASE_HEADER = 'image_id,x0,y0,x1,y1'


def read_images(lists: str, images: str, num_classes: int) -> dict[str, dict]:
    """The samples of one split without boxes, by their path in the list, in the order of ``image_ids.txt``.

    Args:
        lists: Folder of ``image_ids.txt`` and ``class_labels.txt``.
        images: Folder that the paths in the lists are relative to.
        num_classes: Labels must be below it.

    Raises:
        FileNotFoundError: A list does not exist.
        ValueError: A line does not parse, a path occurs twice or has no label, a label lies outside the classes (file
            and line are named), or the lists name ImageNetV2's images otherwise than the folder does.
    """
    ids, labels_file = os.path.join(lists, 'image_ids.txt'), os.path.join(lists, 'class_labels.txt')
    paths = read_mapping(ids, ('path',), '\n')
    labels = read_mapping(labels_file, ('path', 'label'), ',')
    samples: dict[str, dict] = {}
    for key, line in paths.items():
        if key not in labels:
            raise ValueError(f'{line.where}: {key!r} has no line in {labels_file}')
        label = check_label(labels[key].integer(1, 'label'), num_classes, labels[key].where)
        samples[key] = dict(img_path=os.path.join(images, key), img_id=key, gt_label=label)
    if samples:
        _refuse_renamed(next(iter(samples.values()))['img_path'], ids)
    return samples


def add_boxes(samples: dict[str, dict], lists: str) -> None:
    """Give each sample its ``instances`` by ``localization.txt``, lines "path,x0,y0,x1,y1".

    Raises:
        ValueError: A line does not parse, a box has no area or is of an image that is not listed, an image has no box,
            or the file is one of those in wsolevaluation's folder ``release/``.
    """
    path, ids = os.path.join(lists, 'localization.txt'), os.path.join(lists, 'image_ids.txt')
    for line in read_lines(path, ('path', 'x0', 'y0', 'x1', 'y1'), ','):
        if line.number == 1 and ','.join(line.fields) == _RELEASE_HEADER:
            raise ValueError(
                f"{line.where}: this is a file of wsolevaluation's folder release/, not of metadata/. In "
                'CUBV2_boxes.txt the rows under this header are x, y, width, height, in ImageNetV2_boxes.txt a sixth '
                'of the boxes differs from the ones that are evaluated: take localization.txt of metadata/'
            )
        try:
            bbox = line.box(1)
        except ValueError as error:
            if 'has no area' not in str(error):
                raise
            raise ValueError(f'{error} Are the rows x, y, width, height? They must be x0, y0, x1, y1') from None
        sample = _listed(samples, line, 'a box', ids)
        sample.setdefault('instances', []).append(dict(bbox=bbox, bbox_label=sample['gt_label'], ignore_flag=0))
    _check_all(samples, 'instances', 'box', path, ids)


def add_masks(samples: dict[str, dict], lists: str, masks: str, name: str) -> None:
    """Give each sample its ``mask_path`` and ``ignore_mask_path`` by lines "path,mask,ignore".

    An image with several masks has several lines; their union is the object, and ``mask_path`` is then a list. It has
    at most one ignore region, in the first of them.

    Args:
        samples: Changed in place.
        lists: Folder of the file.
        masks: Folder that the mask paths are relative to.
        name: ``localization.txt`` (OpenImages30k) or ``localization_masks.txt`` (beside boxes).

    Raises:
        ValueError: A line does not parse or names no mask, a second ignore region for one image, a mask of an image
            that is not listed, an image without a mask.
    """
    path, ids = os.path.join(lists, name), os.path.join(lists, 'image_ids.txt')
    found: dict[str, list[str]] = {}
    for line in read_lines(path, ('path', 'mask', 'ignore'), ','):
        key, mask, ignore = line.fields
        sample = _listed(samples, line, 'a mask', ids)
        if not mask:
            raise ValueError(f'{line.where}: no mask is named for {key!r}; lines are path,mask,ignore')
        if ignore and key in found:
            raise ValueError(f'{line.where}: a second ignore region for {key!r}; it stands in its first line only')
        found.setdefault(key, []).append(os.path.join(masks, mask))
        if ignore:
            sample['ignore_mask_path'] = os.path.join(masks, ignore)
    for key, paths in found.items():
        samples[key]['mask_path'] = paths[0] if len(paths) == 1 else paths
    _check_all(samples, 'mask_path', 'mask', path, ids)


def _listed(samples: dict[str, dict], line: Line, what: str, ids: str) -> dict:
    try:
        return samples[line.fields[0]]
    except KeyError:
        raise ValueError(f'{line.where}: {what} for {line.fields[0]!r}, which {ids} does not list') from None


def _check_all(samples: dict[str, dict], field: str, what: str, path: str, ids: str) -> None:
    for key, sample in samples.items():
        if field not in sample:
            where = read_mapping(ids, ('path',), '\n')[key].where
            raise ValueError(
                f'{where}: {key!r} has no {what} in {path}; localization cannot be evaluated on it. Add it, or remove '
                "the image from the split's lists"
            )


def _refuse_renamed(first: str, ids: str) -> None:
    """Raise where the list's first image is absent and its folder names images in ImageNetV2's other way."""
    folder, name = os.path.split(first)
    if os.path.exists(first) or not os.path.isdir(folder):
        return
    others = os.listdir(folder)
    for listed, on_disk, kind, mend in (
        (_NUMBERED, _HASHED, 'hashes', 'current'),
        (_HASHED, _NUMBERED, 'numbers', 'first'),
    ):
        if listed.fullmatch(name) and others and all(on_disk.fullmatch(other) for other in others):
            raise ValueError(
                f"{ids} names ImageNetV2's images otherwise than they are called on disk: it lists {first!r}, the "
                f'folder holds {sorted(others)[0]!r}. The data set was published twice; your images carry {kind}, so '
                f'take the {mend} edition of the lists (clovaai/wsolevaluation, metadata/ILSVRC/val, with mapping.txt '
                'from the one to the other), or let tools/dataset_converters/prepare_imagenetv2.py write lists that '
                'fit'
            )
