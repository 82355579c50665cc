"""Charts and pictures of an IoU history: how the boxes of single images drift during training.

The arrays are those of :class:`~sltnet_mm.hooks.IoUHistoryHook`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sltnet_mm.visualization.captions import Line
from sltnet_mm.visualization.drawing import GT_COLOR, PREDICTED_COLOR, draw_boxes, enlarge
from sltnet_mm.visualization.grid import picture_grid

History = Mapping[str, np.ndarray]
BOX_COLORS = dict(map=PREDICTED_COLOR, box=(72, 160, 255))  # red and light blue, different in lightness and hue
BOX_NAMES = dict(map='localizer', box='regressor')


def drifting_images(ious: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The images that are the clearest examples of the two trends in Figure 1b.

    Args:
        ious: E x N, the IoU of each of N images after each of E validations.
        count: Number of images of each kind.

    Returns:
        The indices of the images whose IoU increases most from the first to the last row, and of those whose IoU
        decreases most from their best to the last row; largest change first, ties in the order of the images. An image
        may be in both.

    Raises:
        ValueError: If there are fewer than two rows.

    Example:
        >>> ious = np.array([[.2, .9, .5], [.8, .3, .5]])
        >>> rising, falling = drifting_images(ious, count=1)
        >>> rising.tolist(), falling.tolist()
        ([0], [1])
    """
    ious = _checked(ious)
    gains, losses = ious[-1] - ious[0], ious.max(axis=0) - ious[-1]
    rising, falling = (np.argsort(-change, kind='stable')[:count] for change in (gains, losses))
    return rising, falling


def drift_summary(ious: np.ndarray, iou_level: float = 0.5) -> dict[str, float]:
    """The percentages of images that are correct at the end, at their best, and only before the end.

    Args:
        ious: E x N, the IoU of each of N images after each of E validations.
        iou_level: A box is correct if its IoU is above this. Defaults to 0.5.

    Returns:
        ``right_at_last``, ``right_at_best`` and ``lost`` (correct at some time, but not at the end), in percent.

    Example:
        >>> drift_summary(np.array([[.2, .9, .6, .1], [.8, .3, .6, .1]]))
        {'right_at_last': 50.0, 'right_at_best': 75.0, 'lost': 25.0}
    """
    right = _checked(ious) > iou_level
    return dict(
        right_at_last=float(right[-1].mean() * 100),
        right_at_best=float(right.any(axis=0).mean() * 100),
        lost=float((right.any(axis=0) & ~right[-1]).mean() * 100),
    )


def _checked(ious: np.ndarray) -> np.ndarray:
    ious = np.asarray(ious, np.float64)
    if ious.ndim != 2 or len(ious) < 2:
        raise ValueError(
            f'ious must be E x N with at least two validations (E >= 2), got shape {ious.shape}. Train more epochs '
            'with train_cfg.val_interval=1'
        )
    return ious


def _times(history: History) -> tuple[str, np.ndarray]:
    """The unit and the numbers of the validations: epochs, or iterations if the loop counted no epochs."""
    epochs = np.asarray(history['epochs'])
    if len(np.unique(epochs)) == len(epochs) or 'iters' not in history:
        return 'epoch', epochs
    return 'iteration', np.asarray(history['iters'])


def drift_chart(histories: Mapping[str, History], source: str = 'map', examples: int = 3) -> np.ndarray:
    """A chart with one panel per run: the median and central 80 % of the IoU over epochs, and the most drifting images.

    Args:
        histories: Name of a run -> its history.
        source: Source of the boxes, 'map' (localizer) or 'box' (regressor). Defaults to 'map'.
        examples: Number of images of each kind of :func:`drifting_images`. Defaults to 3.

    Returns:
        H x W x 3 uint8 RGB.

    Raises:
        KeyError: If a history has no boxes from this source.
        ValueError: If a history has fewer than two validations.

    Example:
        >>> history = dict(epochs=np.arange(1, 4), iou_map=np.random.default_rng(0).random((3, 10)))
        >>> drift_chart(dict(CAM=history)).shape[2]
        3
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(histories), 3.4), dpi=110, layout='constrained')
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(histories), sharey=True, squeeze=False)[0]
    for axes, (name, history) in zip(panels, histories.items(), strict=True):
        ious, (unit, times) = _checked(history[f'iou_{source}']), _times(history)
        low, middle, high = np.quantile(ious, (0.1, 0.5, 0.9), axis=1)
        axes.fill_between(times, low, high, color='#b9c6d6', label='central 80 %')
        axes.plot(times, middle, color='black', linewidth=2, label='median')
        for label, color, images in zip(
            ('largest gains', 'largest losses'), ('#1b7837', '#b2182b'), drifting_images(ious, examples), strict=True
        ):
            for i, image in enumerate(images):
                axes.plot(times, ious[:, image], color=color, linewidth=1, label=label if i == 0 else None)
        axes.set(title=name, xlabel=unit, ylim=(0, 1), xticks=times)
    panels[0].set_ylabel('IoU with the ground-truth box')
    panels[-1].legend(fontsize=8, loc='lower right')
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def drift_pictures(
    history: History,
    pictures: Mapping[int, np.ndarray],
    sources: Sequence[str] = ('map', 'box'),
    max_columns: int = 6,
    min_side: int = 192,
) -> np.ndarray:
    """A grid of pictures with one row per image and one column per epoch.

    Boxes are white (ground truth), red (localizer) and blue (regressor).

    Args:
        history: History of the run.
        pictures: Index of an image -> H x W x 3 uint8 RGB, in original pixels.
        sources: Sources of the boxes, drawn if the history has them. Defaults to ('map', 'box').
        max_columns: Largest number of epochs; of more epochs, evenly spaced ones are shown, including the first and
            last. Defaults to 6.
        min_side: Shorter side in pixels to which smaller images are enlarged. Defaults to 192.

    Returns:
        H x W x 3 uint8 RGB.

    Example:
        >>> boxes = np.array([[[2., 2, 6, 6]], [[1, 1, 7, 7]]])
        >>> history = dict(epochs=[1, 2], gt_boxes=boxes[0], boxes_map=boxes, iou_map=np.array([[1.], [.44]]))
        >>> drift_pictures(history, {0: np.zeros((8, 8, 3), np.uint8)}, min_side=64).shape[2]
        3
    """
    unit, times = _times(history)
    columns = np.unique(np.linspace(0, len(times) - 1, min(max_columns, len(times))).round().astype(int))
    shown = [source for source in sources if f'boxes_{source}' in history]
    rows = []
    for image, picture in pictures.items():
        ground, factor = enlarge(picture, min_side)
        ground = draw_boxes(ground, history['gt_boxes'][image] * factor, GT_COLOR)
        row: list[tuple[np.ndarray, list[Line]]] = []
        for column in columns:
            tile, lines = ground, [f'{unit} {times[column]}']
            captions: list[Line] = list(lines)
            for source in shown:
                tile = draw_boxes(tile, history[f'boxes_{source}'][column, image] * factor, BOX_COLORS[source])
                iou = float(history[f'iou_{source}'][column, image])
                captions.append((f'{BOX_NAMES[source]} IoU {iou:.2f}', BOX_COLORS[source]))
            row.append((tile, captions))
        rows.append(row)
    return picture_grid(rows)
