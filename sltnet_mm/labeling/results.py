"""The boxes of a run as a COCO dict, with the doubt of each, and a review merged into them."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sltnet_mm.labeling.choices import Choice
from sltnet_mm.labeling.doubt import doubts, signals
from sltnet_mm.labeling.locating import Located
from sltnet_mm.structures.box_file import BoxRecord, to_coco

STATES = ('keep', 'drop', 'redraw')


def boxes_as_coco(
    located: Sequence[Located], choice: Choice, classes: Sequence[str], info: Mapping[str, Any]
) -> dict[str, Any]:
    """The chosen boxes as a COCO dict that any mmdet detector trains on.

    Beside what every box file of this package has, each image has its ``label``, its ``doubt`` and its ``signals``
    (see :mod:`sltnet_mm.labeling.doubt`), and ``info['run']`` names the boxes, so that a review cannot be merged into
    others.

    Args:
        located: n records.
        choice: Part and threshold.
        classes: Names in the order of the labels.
        info: Provenance.
    """
    of = signals(located, choice.source, choice.threshold)
    doubt = doubts(located, of, choice.source, choice.threshold)
    records = [
        BoxRecord(
            index=number,
            file_name=record.image,
            size=record.size,
            label=record.label,
            box=record.box(choice.source, choice.threshold) if record.found else None,
            score=float(of['stability'][number]),
            label_score=record.label_score,
        )
        for number, record in enumerate(located)
    ]
    coco = to_coco(dict(source=choice.source, threshold=choice.threshold, **info), records, classes)
    for number, (image, record) in enumerate(zip(coco['images'], located, strict=True)):
        image['label'] = record.label
        image['doubt'] = round(float(doubt[number]), 4)
        image['signals'] = {name: round(float(values[number]), 4) for name, values in of.items()}
    boxes = [coco['images'], coco['annotations'], coco['categories']]
    coco['info']['run'] = hashlib.sha256(json.dumps(boxes, sort_keys=True).encode()).hexdigest()[:16]
    return coco


def read_review(path: str | Path) -> dict[str, Any]:
    """A review that the page saved.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no review of this version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'review {str(path)!r} does not exist: save it on the page review.html')
    try:
        review = json.loads(Path(path).read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path}: not a review: {error}') from error
    if not isinstance(review, dict) or review.get('format') != 'sltnet-review' or review.get('version') != 1:
        raise ValueError(f'{path}: not a review of version 1. Save it on the page review.html')
    return review


def apply_review(coco: Mapping[str, Any], review: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes with a review merged into them; the given ones stay as they are.

    Kept boxes get ``review='keep'`` and redrawn ones ``review='redraw'`` with the new box and without a score; dropped
    boxes are removed and listed in ``info['images_dropped']``. Boxes that were not reviewed have no ``review``.

    Raises:
        ValueError: If the review is of other boxes, or a decision is not possible.
    """
    run = coco['info'].get('run')
    if review['run'] != run:
        raise ValueError(
            f'the review is of other boxes (run {review["run"]}) than these (run {run}). Review the page review.html '
            'that lies beside the boxes'
        )
    merged = copy.deepcopy(dict(coco))
    images = {image['file_name']: image for image in merged['images']}
    annotations = {each['image_id']: each for each in merged['annotations']}
    dropped = []
    for name, decision in review['decisions'].items():
        state, image = decision.get('state'), images.get(name)
        if image is None or state not in STATES:
            what = f'image {name!r}, which has no box here' if image is None else f'state {state!r} of {name!r}'
            raise ValueError(f'the review holds {what}; states are {", ".join(STATES)}. Save the review anew')
        if state == 'drop':
            annotations.pop(image['id'], None)
            dropped.append(name)
        elif state == 'keep' and image['id'] in annotations:
            annotations[image['id']]['review'] = 'keep'
        elif state == 'redraw':
            annotations[image['id']] = _redrawn(image, decision.get('box'))
    merged['annotations'] = [
        dict(each, id=number) for number, (_, each) in enumerate(sorted(annotations.items()), start=1)
    ]
    merged['info'].update(images_dropped=sorted(dropped), reviewed=len(review['decisions']))
    return merged


def _redrawn(image: Mapping[str, Any], box: Any) -> dict[str, Any]:
    right = isinstance(box, list) and len(box) == 4 and all(isinstance(value, (int, float)) for value in box)
    if not right or not (0 <= box[0] < box[2] <= image['width'] and 0 <= box[1] < box[3] <= image['height']):
        raise ValueError(
            f'the review redraws the box of {image["file_name"]!r} as {box}; expected x1, y1, x2, y2 inside the image, '
            f'{image["width"]} x {image["height"]}. Redraw it on the page'
        )
    w, h = round(box[2] - box[0], 3), round(box[3] - box[1], 3)
    return dict(
        id=0,
        image_id=image['id'],
        category_id=image['label'],
        iscrowd=0,
        bbox=[box[0], box[1], w, h],
        area=round(w * h, 3),
        review='redraw',
    )
