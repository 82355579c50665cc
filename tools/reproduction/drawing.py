"""The paper's figures, drawn from the files that finished runs have left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import mmcv
import mmengine.fileio as fileio
import numpy as np
import torch

from reproduction.kept_predictions import FILE
from reproduction.results import MeasuredRow
from reproduction.tables import Table
from reproduction.training import IOU_HISTORY
from sltnet_mm.datasets import SyntheticLocalization  # noqa: F401  registers the file back-end of the embedded images
from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.hooks import read_iou_history
from sltnet_mm.visualization import box_panel, enlarge, map_panel, picture_grid
from sltnet_mm.visualization.drift import drift_chart, drift_pictures, drift_summary, drifting_images

IMAGES = 6
"""Rows of a picture."""


def draw(table: Table, rows: Sequence[MeasuredRow], folder: Path) -> tuple[list[Path], list[str]]:
    """Draw a figure from the first seed of every row that is done (Figure 4: from all seeds).

    Returns:
        The PNG files, and sentences that say what is seen or why something is not.
    """
    makers: Mapping[str, Callable] = dict(figure1=_figure_1, figure4=_figure_4, figure5=_figure_5, figure6=_figure_6)
    done = [row for row in rows if row.results]
    if table.number not in makers or not done:
        return [], []
    pictures, said = makers[table.number](done)
    paths = []
    for name, picture in pictures.items():
        paths.append(folder / f'{table.name}{name}.png')
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        mmcv.imwrite(np.ascontiguousarray(picture[..., ::-1]), str(paths[-1]))
    return paths, said


def _run_folder(row: MeasuredRow) -> Path:
    return next(run.folder for run in row.runs.values() if run.state == 'done')


def _histories(rows: Sequence[MeasuredRow]) -> tuple[dict[str, Mapping[str, np.ndarray]], list[str]]:
    histories: dict[str, Mapping[str, np.ndarray]] = {}
    said = []
    for row in rows:
        history = read_iou_history(_run_folder(row) / IOU_HISTORY)
        if len(history['epochs']) < 2:
            said.append(f'{row.row.name}: one epoch is no course, so it is not drawn.')
            continue
        histories[row.row.name] = history
    return histories, said


def _figure_1(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    histories, said = _histories(rows)
    if not histories:
        return {}, said
    for name, history in histories.items():
        numbers = drift_summary(history['iou_map'])
        said.append(
            f'{name}, validation images: {numbers["right_at_last"]:.1f} % are right (IoU > 0.5) after the last epoch, '
            f'{numbers["right_at_best"]:.1f} % after their best, {numbers["lost"]:.1f} % were right once and are lost.'
        )
    first = next(iter(histories.values()))
    rising, falling = drifting_images(first['iou_map'], IMAGES // 2)
    said.append(_COURSES)
    pictures = {'': drift_chart(histories)}
    images = _read_images(first['img_paths'], [*rising, *falling], said)
    if images:
        pictures['_images'] = drift_pictures(first, images, sources=('map',))
    return pictures, said


_COURSES = (
    'Shown are the validation images of the first run whose IoU gains most from the first epoch to the last, and those '
    'that lose most from their best epoch to the last, of the first seed.'
)


def _figure_6(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    histories, said = _histories(rows[:1])
    if not histories:
        return {}, said
    history = next(iter(histories.values()))
    wanted = np.unique(np.linspace(0, len(history['img_ids']) - 1, IMAGES).round().astype(int))
    images = _read_images(history['img_paths'], wanted, said)
    said.append(
        f'{IMAGES} validation images, evenly spaced, whatever came out. White: the true box; red: the localizer; blue: '
        'the regressor.'
    )
    return ({'': drift_pictures(history, images)} if images else {}), said


def _figure_5(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    kept = [np.load(_run_folder(row) / FILE) for row in rows]
    if any(list(arrays['img_paths']) != list(kept[0]['img_paths']) for arrays in kept):
        return {}, ['The runs were tested on different images: there is no picture.']
    said = [
        f'{IMAGES} test images, evenly spaced, whatever came out. White: the true box; red: the predicted one; '
        'colors: the score map, from dark blue (0) to yellow (1).'
    ]
    wanted = np.unique(np.linspace(0, len(kept[0]['img_paths']) - 1, IMAGES).round().astype(int))
    images = _read_images(kept[0]['img_paths'], wanted, said)
    grid = []
    for image, picture in images.items():
        tiles = [_tile(arrays, image, picture, row.row.source) for row, arrays in zip(rows, kept, strict=True)]
        names = [row.row.name for row in rows]
        grid.append([(tile, [name, f'IoU {iou:.2f}']) for name, (tile, iou) in zip(names, tiles, strict=True)])
    return ({'': picture_grid(grid)} if grid else {}), said


def _tile(arrays: Mapping[str, np.ndarray], image: int, picture: np.ndarray, source: str) -> tuple[np.ndarray, float]:
    """One prediction on one image, enlarged, and its IoU."""
    ground, factor = enlarge(picture, 192)
    true, box = (
        torch.from_numpy(arrays[key][image][None].astype(np.float32)) * factor
        for key in ('gt_boxes', f'boxes_{source}')
    )
    iou = float(arrays[f'iou_{source}'][image])
    if source == 'box':
        return box_panel(ground, true, box), iou
    height, width = arrays['input_sizes'][image]
    score_map = to_score_map(torch.from_numpy(arrays['maps'][image].astype(np.float32))[None], size=(height, width))[0]
    matrix = arrays['homographies'][image] @ np.diag([1 / factor, 1 / factor, 1])
    return map_panel(ground, score_map, matrix, true, box), iou


def _read_images(paths: np.ndarray, wanted: Sequence[int], said: list[str]) -> dict[int, np.ndarray]:
    images = {}
    for i in wanted:
        try:
            content = fileio.get(str(paths[i]))
        except FileNotFoundError:
            said.append(f'{paths[i]} is not here, so that image is not drawn: draw where the data lie.')
            continue
        images[int(i)] = mmcv.imfrombytes(content, channel_order='rgb')
    return images


def _figure_4(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), dpi=110, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    for axes, name in zip(figure.subplots(1, 2, sharey=True), ('K', 'alpha'), strict=True):
        points = [(float(row.row.name.split('=')[1]), row.values('gt_known')) for row in rows]
        points = [point for row, point in zip(rows, points, strict=True) if row.row.name.startswith(f'{name} ')]
        axes.set(xlabel=name, xticks=[x for x, _ in points])
        axes.plot([x for x, _ in points], [np.mean(values) for _, values in points], color='#1f5fbf', marker='o')
        for x, values in points:
            axes.plot([x] * len(values), values, color='#1f5fbf', marker='.', linestyle='', alpha=0.4)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel('GT-known LOC, % of the test images')
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return {'': picture}, ['Line: mean over the seeds; dots: each seed. The axis does not begin at zero.']
