"""The page on which a person keeps, drops and redraws boxes: one HTML file, pictures and script inside."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image, ImageOps

from sltnet_mm.progress import track
from sltnet_mm.report.templating import data_url, render_template
from sltnet_mm.structures.atomic_write import atomic_write

_TEMPLATES = Path(__file__).parent / 'templates'
MOST = 2000
"""Photographs on one page; a page with more would be too large for a browser."""
_SIDE = 512  # longer side of the pictures on the page, in pixels


def write_review_page(coco: Mapping[str, Any], root: Path, path: Path, most: int = MOST) -> int:
    """Write the page for the boxes of a run, the most doubtful ones if there are more than ``most``.

    Args:
        coco: The boxes: a COCO dict of :func:`~sltnet_mm.labeling.results.boxes_as_coco`.
        root: Folder of the photographs.
        path: File to write.
        most: Largest number of photographs.

    Returns:
        The number of photographs on the page.
    """
    annotations = {each['image_id']: each for each in coco['annotations']}
    images = sorted(coco['images'], key=lambda image: -image['doubt'])[:most]
    items = [
        _item(image, annotations.get(image['id']), root) for image in track(images, 'Review page', len(images), 200)
    ]
    left = len(coco['images']) - len(items)
    note = (
        'Boxes that are not reviewed stay as they are. Apply the saved file with: sltnet-boxes apply-review RESULT '
        'review.json.'
    )
    page = render_template(
        'review.html',
        folder=_TEMPLATES,
        title=f'Boxes of {root.resolve().name}',
        note=note + (f' The {left} surest photographs are not on this page.' if left else ''),
        data=dict(run=coco['info']['run'], classes=[each['name'] for each in coco['categories']], items=items),
        script=Markup((_TEMPLATES / 'review.js').read_text(encoding='utf-8')),
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding='utf-8')
    return len(items)


def _item(image: Mapping[str, Any], annotation: Mapping[str, Any] | None, root: Path) -> dict[str, Any]:
    box = None
    if annotation is not None:
        x, y, w, h = annotation['bbox']
        box = [x, y, round(x + w, 3), round(y + h, 3)]
    with Image.open(root / image['file_name']) as loaded:
        picture = ImageOps.exif_transpose(loaded).convert('RGB')
    picture.thumbnail((_SIDE, _SIDE))
    content = BytesIO()
    picture.save(content, 'JPEG', quality=80)
    return dict(
        image=image['file_name'],
        label=image['label'],
        size=[image['width'], image['height']],
        box=box,
        doubt=image['doubt'],
        signals=image['signals'],
        thumb=list(picture.size),
        url=data_url(content.getvalue(), 'jpeg'),
    )
