"""Predictions on a few test images in a small file, so that pictures can be drawn without a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from sltnet_mm.datasets.orientation import exif_rotated
from sltnet_mm.functional.boxes import box_iou
from sltnet_mm.hooks.iou_history_hook import predicted_boxes
from sltnet_mm.structures.atomic_write import atomic_write
from sltnet_mm.structures.frames import sample_boxes

FILE = 'test_images.npz'
COUNT = 24
"""Number of images; they are evenly spaced over the test split, and the same in every run."""


class KeepPredictionsHook(Hook):
    """Keep the maps and boxes of evenly spaced test images, which are not selected by result.

    For n images the ``.npz`` file has

    - ``img_paths`` (n,), and ``exif_rotated``, whether boxes refer to images after EXIF rotation;
    - ``gt_boxes``, ``boxes_map`` and ``boxes_box`` (n, 4) float32 xyxy in original pixels;
    - ``iou_map`` and ``iou_box`` (n,);
    - ``maps`` (n, h, w) float16, the raw ACAM;
    - ``input_sizes`` (n, 2) as height, width;
    - ``homographies`` (n, 3, 3), original to network input.

    Args:
        out_file: Name of the file, relative to the work directory. Defaults to 'test_images.npz'.
        count: Number of images. Defaults to 24.
    """

    def __init__(self, out_file: str = FILE, count: int = COUNT) -> None:
        self.out_file, self.count = out_file, count
        self._rows: list[dict[str, Any]] = []

    def before_test_epoch(self, runner: Runner) -> None:
        """Choose the images."""
        size = len(runner.test_dataloader.dataset)
        self._wanted = set(np.linspace(0, size - 1, min(self.count, size)).round().astype(int).tolist())
        self._seen, self._rows = 0, []

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[BaseDataElement] | None = None,
    ) -> None:
        """Keep the chosen images of this batch."""
        for sample in outputs or ():
            if self._seen in self._wanted:
                self._rows.append(_row(sample))
            self._seen += 1

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write the file."""
        arrays: dict[str, Any] = {key: np.stack([row[key] for row in self._rows]) for key in self._rows[0]}
        arrays['exif_rotated'] = np.array(exif_rotated(runner.test_dataloader.dataset))
        with atomic_write(Path(runner.work_dir) / self.out_file) as partial:
            np.savez_compressed(partial, **arrays)


def _row(sample: BaseDataElement) -> dict[str, Any]:
    sample = sample.cpu()
    truth = sample_boxes(sample, 'gt_instances')
    row: dict[str, Any] = dict(img_paths=np.array(str(sample.img_path)), gt_boxes=truth[0].numpy())
    row |= dict(
        homographies=np.asarray(sample.homography_matrix, np.float32), input_sizes=np.array(sample.img_shape[:2])
    )
    if 'pred_score_map' in sample:
        row['maps'] = sample.pred_maps.top_k.detach().numpy().astype(np.float16)
    for source, box in predicted_boxes(sample).items():
        row |= {f'boxes_{source}': box[0].numpy(), f'iou_{source}': float(box_iou(box, truth).max())}
    return row
