"""A hook that records how well each image is localized after each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import collect_results, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import Tensor

from sltnet_mm.datasets.orientation import exif_rotated
from sltnet_mm.functional.boxes import PAPER_THRESHOLD, box_iou
from sltnet_mm.registry import HOOKS
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.frames import boxes_of_samples, sample_boxes

SOURCES = ('map', 'box')


@HOOKS.register_module()
class IoUHistoryHook(Hook):
    """Record the boxes of localizer and regressor on each image, and their IoU, after every validation.

    Figures 1b and 6 of the paper are made from such records: the boxes of single images drift while the network trains.
    The images are those of ``val_dataloader``; there is one record per validation, also of a loop by iterations. A
    resumed run continues the same file.

    The file is a compressed ``.npz`` of E validations and N images, in the order of their ids:

    - ``epochs`` and ``iters`` (E,) int32: number of epochs and of iterations trained before each validation; a loop by
      iterations counts no epochs;
    - ``img_ids`` (N,) and ``img_paths`` (N,) text, and ``exif_rotated``, whether boxes refer to images after EXIF
      rotation;
    - ``gt_boxes`` (N, 4) float32 xyxy in pixels of the original image: the first ground-truth box;
    - ``iou_map``, ``iou_box`` (E, N) float16: IoU of the localizer's and the regressor's box with the ground-truth box
      that it overlaps most;
    - ``boxes_map``, ``boxes_box`` (E, N, 4) float32 xyxy in pixels of the original image.

    Arrays for a source that the model does not predict are absent: a localizer alone has ``map`` only.

    Args:
        out_file: Path of the file; a relative path lies in the work directory.
        threshold: Fraction of the score map's maximum at which the localizer's box is cut (the paper: 0.2).

    Raises:
        ValueError: If ``out_file`` does not end in .npz or ``threshold`` is outside [0, 1); or if (in validation) an
            image has no ground-truth box, or a resumed run has other images or sources than its file.

    Example:
        >>> IoUHistoryHook().out_file
        'iou_history.npz'
    """

    priority = 'NORMAL'

    def __init__(self, out_file: str = 'iou_history.npz', threshold: float = PAPER_THRESHOLD) -> None:
        if not str(out_file).endswith('.npz'):
            raise ValueError(f'IoUHistoryHook: out_file must end in .npz, got {out_file!r}')
        if not 0 <= threshold < 1:
            raise ValueError(f'IoUHistoryHook: threshold must be in [0, 1), got {threshold}')
        self.out_file = str(out_file)
        self.threshold = threshold
        self._rows: list[dict[str, Any]] = []
        self._history: dict[str, np.ndarray] = {}

    def before_train(self, runner: Runner) -> None:
        """Load the records of an interrupted run; a new run starts from nothing."""
        path = Path(runner.work_dir) / self.out_file
        if runner.iter > 0 and path.is_file():
            self._history = read_iou_history(path)

    def before_val_epoch(self, runner: Runner) -> None:
        """Start a new record."""
        self._rows = []

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[BaseDataElement] | None = None,
    ) -> None:
        """Record the boxes of a batch and their IoU."""
        self._rows += [self._row(sample) for sample in outputs or ()]

    def after_val_epoch(self, runner: Runner, metrics: Mapping | None = None) -> None:
        """Write the record."""
        rows = collect_results(self._rows, len(runner.val_dataloader.dataset), device='cpu')
        self._rows = []
        if is_main_process() and rows:
            rows = sorted(rows, key=lambda row: row['img_id'])
            self._history = _extended(self._history, runner.epoch, runner.iter, rows)
            self._history['exif_rotated'] = np.array(exif_rotated(runner.val_dataloader.dataset))
            arrays: dict[str, Any] = self._history
            with atomic_write(Path(runner.work_dir) / self.out_file) as partial:
                np.savez_compressed(partial, **arrays)

    def _row(self, sample: BaseDataElement) -> dict[str, Any]:
        sample = sample.cpu()
        truth = sample_boxes(sample, 'gt_instances')
        if not len(truth):
            raise ValueError(
                f'IoUHistoryHook: image {sample.img_id!r} has no ground-truth box; validate on a split with boxes'
            )
        row: dict[str, Any] = dict(img_id=str(sample.img_id), img_path=str(sample.img_path), gt_box=truth[0].numpy())
        for source, box in predicted_boxes(sample, self.threshold).items():
            row |= {f'box_{source}': box[0].numpy(), f'iou_{source}': float(box_iou(box, truth).max())}
        return row


def predicted_boxes(sample: BaseDataElement, threshold: float = PAPER_THRESHOLD) -> dict[str, Tensor]:
    """The boxes of one prediction by source, each 1 x 4 xyxy in pixels of the original image.

    Args:
        sample: A prediction on the CPU.
        threshold: Fraction of the score map's maximum at which the localizer's box is cut.

    Returns:
        ``map`` (from ``pred_score_map``) and ``box`` (from ``pred_instances``), if the sample has them.

    Example:
        >>> predicted_boxes(BaseDataElement())
        {}
    """
    boxes = {}
    if 'pred_score_map' in sample:
        boxes['map'] = boxes_of_samples([sample], threshold).boxes
    if 'pred_instances' in sample:
        boxes['box'] = sample_boxes(sample, 'pred_instances')[:1]
    return boxes


def _extended(
    history: dict[str, np.ndarray], epoch: int, iteration: int, rows: Sequence[dict[str, Any]]
) -> dict[str, np.ndarray]:
    """The history with one more record; those of this iteration and later (the run was set back) are dropped."""
    fixed = dict(
        img_ids=np.array([row['img_id'] for row in rows]),
        img_paths=np.array([row['img_path'] for row in rows]),
        gt_boxes=np.stack([row['gt_box'] for row in rows]).astype(np.float32),
    )
    if history and not np.array_equal(history['img_ids'], fixed['img_ids']):
        raise ValueError(
            'IoUHistoryHook: the file of the interrupted run has other images than val_dataloader; delete it, or set '
            'another out_file'
        )
    history = {key: value for key, value in history.items() if key != 'exif_rotated'}
    if history:  # files of earlier versions do not count iterations
        history.setdefault('iters', np.full(len(history['epochs']), -1, np.int32))
        kept = np.where(history['iters'] < 0, history['epochs'] < epoch, history['iters'] < iteration)
    new = dict(epochs=np.array([epoch], np.int32), iters=np.array([iteration], np.int32))
    for source in SOURCES:
        if f'box_{source}' in rows[0]:
            new[f'iou_{source}'] = np.array([[row[f'iou_{source}'] for row in rows]], np.float16)
            new[f'boxes_{source}'] = np.stack([row[f'box_{source}'] for row in rows])[None].astype(np.float32)
    kept_keys = set(history) - set(fixed)
    if history and set(new) != kept_keys:
        raise ValueError(
            f'IoUHistoryHook: the file of the interrupted run holds {sorted(kept_keys)}, this run gives '
            f'{sorted(new)}: predict the same sources (model.test_cfg), delete the file, or set another out_file'
        )
    grown = {key: np.concatenate([history[key][kept], value]) if history else value for key, value in new.items()}
    return {**fixed, **grown}


def read_iou_history(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a file that :class:`IoUHistoryHook` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is another kind of file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path} does not exist: sltnet_mm.IoUHistoryHook writes it after every validation')
    with np.load(path, allow_pickle=False) as arrays:
        history = dict(arrays)
    if not {'epochs', 'img_ids', 'gt_boxes'} <= set(history):
        raise ValueError(f'{path} holds {sorted(history)}: it is not a file of sltnet_mm.IoUHistoryHook')
    return history
