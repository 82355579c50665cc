"""The report of a run: numbers, decisions, warnings, pictures and losses on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sltnet_mm.report.charts import line_chart
from sltnet_mm.report.runs import read_losses
from sltnet_mm.report.templating import data_url, render_template
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.visualization.box_sheet import box_sheet

_TEMPLATES = Path(__file__).parent / 'templates'
_PICTURES = 18


def boxes_in_words(coco: Mapping[str, Any]) -> list[str]:
    """The numbers of a run's boxes, in sentences."""
    info, boxes = coco['info'], coco['annotations']
    doubts = sorted(image['doubt'] for image in coco['images'])
    whole, without = len(info['whole_image_boxes']), len(info['images_without_box'])
    sentences = [
        f'{len(boxes)} boxes of the {info["source"]} for {len(coco["images"])} photographs of '
        f'{len(coco["categories"])} classes; {whole} boxes are the whole image, {without} photographs have none.',
        f'Doubt, from 0 (sure) to 1: half of the boxes are below {np.median(doubts):.2f}, nine of ten below '
        f'{np.quantile(doubts, 0.9):.2f}.',
    ]
    if whole + without > len(coco['images']) / 2:
        sentences.append(
            'Most boxes locate nothing: see "If the boxes are bad" in docs/your_data.md before you review them.'
        )
    return sentences


def write_summary(
    path: Path,
    coco: Mapping[str, Any],
    root: Path,
    decisions: Sequence[str],
    warnings: Sequence[str],
    training: Path,
    commands: Sequence[str],
) -> None:
    """Write the page.

    Args:
        path: File to write.
        coco: The boxes, with the doubt of each image.
        root: Folder of the photographs.
        decisions: What was chosen, and why.
        warnings: What was found wrong.
        training: Work dir of the training, whose losses are drawn.
        commands: Commands that use the boxes.
    """
    images = sorted(coco['images'], key=lambda image: -image['doubt'])
    chosen = {'The most doubtful': images[:_PICTURES], 'The surest': images[::-1][:_PICTURES]}
    page = render_template(
        'summary.html',
        folder=_TEMPLATES,
        title=f'Boxes of {root.resolve().name}',
        summary=boxes_in_words(coco),
        decisions=list(decisions),
        warnings=list(warnings),
        sheets={title: _url(box_sheet(coco, root, some)) for title, some in chosen.items()},
        charts=[line_chart(name, *curve) for name, curve in _losses(training).items()],
        commands='\n'.join(commands),
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding='utf-8')


def _losses(training: Path) -> dict[str, Any]:
    """The losses of the training, of all its starts one after the other."""
    curves: dict[str, Any] = {}
    for folder in sorted(path.parents[1] for path in training.glob('*/vis_data/scalars.json')):
        for name, (steps, values) in read_losses(folder).items():
            known = curves.setdefault(name, ([], []))
            known[0].extend(steps)
            known[1].extend(values)
    return curves


def _url(picture: np.ndarray) -> str:
    content = BytesIO()
    Image.fromarray(picture).save(content, 'JPEG', quality=85, subsampling='4:4:4')
    return data_url(content.getvalue(), 'jpeg')
