"""The paper's figures, drawn from the files of finished runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import mmcv
import numpy as np
import torch

from reproduction.kept_predictions import FILE
from reproduction.results import MeasuredRow
from reproduction.tables import Table
from reproduction.training import IOU_HISTORY
from sltnet_mm.datasets import SyntheticLocalization  # noqa: F401  registers the file backend of the embedded images
from sltnet_mm.datasets.image_files import BadImageError
from sltnet_mm.datasets.orientation import original_image
from sltnet_mm.functional.cam import to_score_map
from sltnet_mm.hooks import read_iou_history
from sltnet_mm.visualization import box_panel, enlarge, map_panel, picture_grid
from sltnet_mm.visualization.drift import drift_chart, drift_pictures, drift_summary, drifting_images

IMAGES = 6
"""Number of images (rows) in a picture."""
LEADERBOARD_IMAGES = 8
"""Number of images (columns) in the leaderboard's picture."""


def draw(table: Table, rows: Sequence[MeasuredRow], folder: Path) -> tuple[list[Path], list[str]]:
    """Draw a figure from the first seed of every finished row (Figure 4: from all seeds).

    Returns:
        The PNG files, and notes that explain what is shown or why something is missing.
    """
    makers: Mapping[str, Callable] = dict(
        figure1=_figure_1, figure4=_figure_4, figure5=_figure_5, figure6=_figure_6, leaderboard=_leaderboard
    )
    done = [row for row in rows if row.results]
    if table.number not in makers or not done:
        return [], []
    pictures, remarks = makers[table.number](done)
    paths = []
    for name, picture in pictures.items():
        paths.append(folder / f'{table.name}{name}.png')
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        mmcv.imwrite(np.ascontiguousarray(picture[..., ::-1]), str(paths[-1]))
    return paths, remarks


def _run_folder(row: MeasuredRow) -> Path:
    return next(run.folder for run in row.runs.values() if run.state == 'done')


def _histories(rows: Sequence[MeasuredRow]) -> tuple[dict[str, Mapping[str, np.ndarray]], list[str]]:
    histories: dict[str, Mapping[str, np.ndarray]] = {}
    remarks = []
    for row in rows:
        history = read_iou_history(_run_folder(row) / IOU_HISTORY)
        if len(history['epochs']) < 2:
            remarks.append(f'{row.row.name} has only one epoch, so there is no curve to draw.')
            continue
        histories[row.row.name] = history
    return histories, remarks


def _figure_1(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    histories, remarks = _histories(rows)
    if not histories:
        return {}, remarks
    for name, history in histories.items():
        numbers = drift_summary(history['iou_map'])
        remarks.append(
            f'{name}, validation images: {numbers["right_at_last"]:.1f} % are correct (IoU > 0.5) after the last '
            f'epoch, {numbers["right_at_best"]:.1f} % after their best epoch, and {numbers["lost"]:.1f} % were correct '
            'at some time but not at the end.'
        )
    first = next(iter(histories.values()))
    rising, falling = drifting_images(first['iou_map'], IMAGES // 2)
    remarks.append(_SELECTION)
    pictures = {'': drift_chart(histories)}
    images = _read_images(first, [*rising, *falling], remarks)
    if images:
        pictures['_images'] = drift_pictures(first, images, sources=('map',))
    return pictures, remarks


_SELECTION = (
    "The images are the first run's validation images (first seed) whose IoU increases most from the first to the last "
    'epoch, and those whose IoU decreases most from their best to the last epoch.'
)


def _figure_6(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    histories, remarks = _histories(rows[:1])
    if not histories:
        return {}, remarks
    history = next(iter(histories.values()))
    wanted = np.unique(np.linspace(0, len(history['img_ids']) - 1, IMAGES).round().astype(int))
    images = _read_images(history, wanted, remarks)
    remarks.append(
        f'{IMAGES} evenly spaced validation images, not selected by result. White: ground-truth box; red: localizer; '
        'blue: regressor.'
    )
    return ({'': drift_pictures(history, images)} if images else {}), remarks


def _figure_5(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    kept = [_arrays(_run_folder(row) / FILE) for row in rows]
    if any(list(arrays['img_paths']) != list(kept[0]['img_paths']) for arrays in kept):
        return {}, ['There is no picture, because the runs were tested on different images.']
    remarks = [
        f'{IMAGES} evenly spaced test images, not selected by result. White: ground-truth box; red: predicted box; '
        'colors: score map, from dark blue (0) to yellow (1).'
    ]
    wanted = np.unique(np.linspace(0, len(kept[0]['img_paths']) - 1, IMAGES).round().astype(int))
    images = _read_images(kept[0], wanted, remarks)
    grid = []
    for image, picture in images.items():
        tiles = [_tile(arrays, image, picture, row.row.source) for row, arrays in zip(rows, kept, strict=True)]
        names = [row.row.name for row in rows]
        grid.append([(tile, [name, f'IoU {iou:.2f}']) for name, (tile, iou) in zip(names, tiles, strict=True)])
    return ({'': picture_grid(grid)} if grid else {}), remarks


def _leaderboard(rows: Sequence[MeasuredRow]) -> tuple[dict[str, np.ndarray], list[str]]:
    """A row of pictures for each system, the best first; columns are images."""
    ranked = sorted(rows, key=lambda row: -(row.mean('gt_known') or 0.0))
    kept = [(row, _arrays(_run_folder(row) / FILE)) for row in ranked if (_run_folder(row) / FILE).is_file()]
    if not kept:
        return {}, []
    first = kept[0][1]
    drawn = [(row, arrays) for row, arrays in kept if list(arrays['img_paths']) == list(first['img_paths'])]
    remarks = [
        f'{LEADERBOARD_IMAGES} evenly spaced test images, not selected by result; first seed. White: ground-truth box; '
        'red: predicted box; colors: score map, from dark blue (0) to yellow (1).'
    ]
    left_out = [row.row.name for row in ranked if row not in [row for row, _ in drawn]]
    if left_out:
        remarks.append(f'Without pictures, because they keep none of these images: {", ".join(left_out)}.')
    wanted = np.unique(np.linspace(0, len(first['img_paths']) - 1, LEADERBOARD_IMAGES).round().astype(int))
    images = _read_images(first, wanted, remarks)
    grid = []
    for row, arrays in drawn:
        tiles = [_tile(arrays, image, picture, row.row.source) for image, picture in images.items()]
        tiles = [(mmcv.imrescale(tile, (128, 128), interpolation='area'), iou) for tile, iou in tiles]
        names = [row.row.name, *[''] * (len(tiles) - 1)]
        grid.append([(tile, [name, f'IoU {iou:.2f}']) for name, (tile, iou) in zip(names, tiles, strict=True)])
    return ({'': picture_grid(grid)} if images else {}), remarks


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _tile(arrays: Mapping[str, np.ndarray], image: int, picture: np.ndarray, source: str) -> tuple[np.ndarray, float]:
    """The enlarged picture of one prediction, and its IoU."""
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


def _read_images(arrays: Mapping[str, np.ndarray], wanted: Sequence[int], remarks: list[str]) -> dict[int, np.ndarray]:
    images = {}
    paths, rotated = arrays['img_paths'], bool(arrays.get('exif_rotated', True))
    for i in wanted:
        try:
            images[int(i)] = original_image(str(paths[i]), rotated)
        except BadImageError:
            if Path(str(paths[i])).exists():
                raise
            remarks.append(f'{paths[i]} does not exist, so it is not drawn. Run the command where the data is.')
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
    return {'': picture}, ['Line: mean over the seeds. Dots: single seeds. The axis does not start at zero.']
