"""Readers of clovaai/wsolevaluation's text lists: images, labels, and boxes or masks."""

from __future__ import annotations

import os
import re

from sltnet_mm.datasets.class_folders import is_clutter
from sltnet_mm.datasets.text_files import Line, check_label, path_below, read_lines, read_mapping

# ImageNetV2 was published twice: first with images numbered within each class, later with images named by a hash.
_NUMBERED, _HASHED = re.compile(r'\d{1,2}\.jpe?g', re.I), re.compile(r'[0-9a-f]{40}\.jpe?g', re.I)
# The first line of the box files in the repository's folder release/, whatever their rows contain.
_RELEASE_HEADER = 'image_id,x0,y0,x1,y1'


def read_images(lists: str, images: str, num_classes: int) -> dict[str, dict]:
    """The samples of one split, without boxes, by their path in the list, in the order of ``image_ids.txt``.

    Args:
        lists: Folder with ``image_ids.txt`` and ``class_labels.txt``.
        images: Folder that the paths in the lists are relative to.
        num_classes: Number of classes; labels must be below it.

    Raises:
        FileNotFoundError: If a list does not exist.
        ValueError: If a line cannot be parsed, a path occurs twice or has no label, a label is out of range (the
            message names file and line), or the lists and the images are of different editions of ImageNetV2.
    """
    ids, labels_file = os.path.join(lists, 'image_ids.txt'), os.path.join(lists, 'class_labels.txt')
    paths = read_mapping(ids, ('path',), '\n')
    labels = read_mapping(labels_file, ('path', 'label'), ',')
    samples: dict[str, dict] = {}
    for key, line in paths.items():
        if key not in labels:
            raise ValueError(f'{line.where}: {key!r} has no line in {labels_file}. Add its label')
        label = check_label(labels[key].integer(1, 'label'), num_classes, labels[key].where)
        samples[key] = dict(img_path=path_below(images, key, line.where), img_id=key, gt_label=label)
    if samples:
        _refuse_renamed(next(iter(samples.values()))['img_path'], ids)
    return samples


def add_boxes(samples: dict[str, dict], lists: str) -> None:
    """Add ``instances`` to each sample, from the lines "path,x0,y0,x1,y1" of ``localization.txt``.

    Args:
        samples: Changed in place.
        lists: Folder with the file.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a line cannot be parsed, a box has no area or belongs to an unlisted image, an image has no box,
            or the file is from wsolevaluation's folder ``release/``.
    """
    path, ids = os.path.join(lists, 'localization.txt'), os.path.join(lists, 'image_ids.txt')
    for line in read_lines(path, ('path', 'x0', 'y0', 'x1', 'y1'), ','):
        refuse_release(line)
        try:
            bbox = line.box(1)
        except ValueError as error:
            if 'has no area' not in str(error):
                raise
            raise ValueError(f'{error}. Are the rows x, y, width, height? They must be x0, y0, x1, y1') from None
        sample = _listed(samples, line, 'a box', ids)
        sample.setdefault('instances', []).append(dict(bbox=bbox, bbox_label=sample['gt_label'], ignore_flag=0))
    _check_all(samples, 'instances', 'box', path, ids)


def add_masks(samples: dict[str, dict], lists: str, masks: str, name: str) -> None:
    """Add ``mask_path`` and ``ignore_mask_path`` to each sample, from lines "path,mask,ignore".

    An image with several masks has several lines; ``mask_path`` is then a list of masks, whose union is the object. An
    image has at most one ignore region, named in its first line.

    Args:
        samples: Changed in place.
        lists: Folder with the file.
        masks: Folder that the mask paths are relative to.
        name: ``localization.txt`` (OpenImages30k) or ``localization_masks.txt`` (data sets that also have boxes).

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a line cannot be parsed or names no mask, an image has a second ignore region or no mask, or a
            mask belongs to an unlisted image.
    """
    path, ids = os.path.join(lists, name), os.path.join(lists, 'image_ids.txt')
    found: dict[str, list[str]] = {}
    for line in read_lines(path, ('path', 'mask', 'ignore'), ','):
        key, mask, ignore = line.fields
        sample = _listed(samples, line, 'a mask', ids)
        if not mask:
            raise ValueError(f'{line.where}: no mask for {key!r}; lines must be path,mask,ignore')
        if ignore and key in found:
            raise ValueError(
                f'{line.where}: second ignore region for {key!r}; name at most one, in the first line of the image'
            )
        found.setdefault(key, []).append(path_below(masks, mask, line.where))
        if ignore:
            sample['ignore_mask_path'] = path_below(masks, ignore, line.where)
    for key, paths in found.items():
        samples[key]['mask_path'] = paths[0] if len(paths) == 1 else paths
    _check_all(samples, 'mask_path', 'mask', path, ids)


def refuse_release(line: Line) -> None:
    """Raise if a line of boxes is the header of a file in wsolevaluation's folder ``release/``."""
    if line.number == 1 and ','.join(line.fields) == _RELEASE_HEADER:
        raise ValueError(
            f"{line.where}: this file is from wsolevaluation's folder release/. In its CUBV2_boxes.txt the rows are "
            'x, y, width, height despite the header; in its ImageNetV2_boxes.txt one box in six differs from those '
            'used for evaluation. Use localization.txt from metadata/'
        )


def _listed(samples: dict[str, dict], line: Line, what: str, ids: str) -> dict:
    try:
        return samples[line.fields[0]]
    except KeyError:
        raise ValueError(f'{line.where}: {what} for {line.fields[0]!r}, which is not listed in {ids}') from None


def _check_all(samples: dict[str, dict], field: str, what: str, path: str, ids: str) -> None:
    for key, sample in samples.items():
        if field not in sample:
            where = read_mapping(ids, ('path',), '\n')[key].where
            raise ValueError(
                f'{where}: {key!r} has no {what} in {path}, so localization cannot be evaluated. Add it, or remove the '
                "image from the split's lists"
            )


def _refuse_renamed(first: str, ids: str) -> None:
    """Raise if the first listed image does not exist and its folder has images of ImageNetV2's other edition."""
    folder, name = os.path.split(first)
    if os.path.exists(first) or not os.path.isdir(folder):
        return
    others = [other for other in os.listdir(folder) if not is_clutter(other)]
    for listed, on_disk, kind, edition in (
        (_NUMBERED, _HASHED, 'hashes', 'current'),
        (_HASHED, _NUMBERED, 'numbers', 'first'),
    ):
        if listed.fullmatch(name) and others and all(on_disk.fullmatch(other) for other in others):
            raise ValueError(
                f'{ids} and the images are of different editions of ImageNetV2: {first!r} is listed, but its folder '
                f'has {sorted(others)[0]!r}. Your images are named by {kind}, so use the {edition} edition of the '
                'lists (clovaai/wsolevaluation, metadata/ILSVRC/val, where mapping.txt maps one edition to the other), '
                'or let tools/dataset_converters/prepare_imagenetv2.py write matching lists'
            )
