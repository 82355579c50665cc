"""LocalizationMetric: classification and localization accuracy under any number of protocols in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from sltnet_mm.evaluation.class_scores import ScoreFile
from sltnet_mm.evaluation.image_frame import ImageFrame
from sltnet_mm.evaluation.prediction_maps import predicted_score_map
from sltnet_mm.evaluation.protocols import Protocol, get_protocol
from sltnet_mm.evaluation.samples import EvaluatedImage, field, image_name, read_image, to_numpy
from sltnet_mm.evaluation.summary import (
    Verdict,
    check_results,
    classification_numbers,
    fixed_numbers,
    grid_numbers,
    image_rows,
)
from sltnet_mm.evaluation.tables import check_table_path, write_table
from sltnet_mm.evaluation.threshold_file import with_thresholds, write_thresholds
from sltnet_mm.evaluation.verdicts import CurveVerdict, judge_box, judge_map, judge_map_at
from sltnet_mm.registry import METRICS

SOURCES = ('map', 'box')
CENTER_SHARE = 0.5**0.5
"""Fraction of each side that the center box covers. The box has half the area of the image, so its IoU is at
least 0.5 with every object that contains it, and with every object inside it that fills half of it."""


@METRICS.register_module()
class LocalizationMetric(BaseMetric):
    """Classification and localization accuracy, in percent, of the localizer's maps, the regressor's boxes, or both.

    Read from each prediction:

    - ``img_id``, ``ori_shape``, ``img_shape``, and ``homography_matrix`` (3 x 3, original pixels to input pixels),
      whose inverse moves the box of a map to the original image: crop, scale and flip are undone;
    - ``gt_label``, and ``gt_instances`` with ``labels`` and ``bboxes`` (n x 4 xyxy in pixels of the original image);
    - ``pred_score``: class scores (C,);
    - ``pred_score_map``: (H, W) in [0, 1];
    - ``pred_maps``: raw low-resolution maps ``top_k``, ``top_1``, ``label``;
    - ``pred_instances`` with ``bboxes`` in pixels of the original image, of which the first counts.

    Metrics of the classification, if the model predicts ``pred_score``:

    - ``cls/top1``, ``cls/top5`` (with fewer than 5 classes, top-5 means all of them).

    Metrics of the localization are named ``<source>/<protocol>/<metric>``. The source is ``map`` (box from the
    localizer's map), ``box`` (``pred_instances``) or ``center`` (baseline). For boxes, and for maps at a single
    threshold:

    - ``gt_known``: the box is right;
    - ``top1_loc``, ``top5_loc``: the class is among the first k and the box is right;
    - ``mean_iou``;
    - ``box_acc_<level>``, under protocols with several IoU levels;
    - ``error_<kind>``: percentage of images whose first error is of that kind, see
      ``sltnet_mm.evaluation.accuracy.error_kinds``.

    For maps, under a protocol that uses the best threshold of a grid:

    - ``max_box_acc``, ``max_box_acc_<level>``;
    - ``max_box_acc_v2``: their mean over 30, 50, 70 (MaxBoxAccV2 of the literature under ``wsolevaluation-v2``);
    - ``threshold`` (in [0, 1], not percent): the one that is best at IoU 50, an oracle;
    - ``top<k>_loc``, ``mean_iou`` and, if one box per image counts, ``error_<kind>`` at that threshold.

    Args:
        protocols: Names of presets, ``Protocol`` objects, or (in config files) mappings with the fields that differ
            from a preset, see :func:`~sltnet_mm.evaluation.get_protocol`.
        sources: ``map``, ``box``, several of them, or ``auto``: whatever the first prediction has.
        baselines: ``center`` adds a centered box with ``sqrt(1/2)`` of each side (half the image area).
        thresholds: Other thresholds than the protocols' own: numbers by protocol name (chosen on a validation split),
            or a file that ``threshold_file`` wrote.
        threshold_file: JSON file to which the best thresholds of ``map`` sources are written, for ``thresholds`` of a
            later run.
        score_file: File with the ``pred_score`` of every image, which replaces the model's. It holds, for example, the
            scores of a classifier on ten crops (``tools/test.py --out-scores``, Sec. 4.1), matched by ``img_id``. It
            must have exactly the evaluated images.
        table: Table to write (.csv or .parquet), with one row per image: image, class, prediction, rank, and IoU, right
            or wrong and threshold by source and protocol.
        collect_device: As in mmengine's ``BaseMetric``.
        prefix: Put in front of every metric's name.

    Raises:
        KeyError: If a protocol has no preset, a prediction lacks what a source needs, or an image is not in
            ``score_file``; the message names the image.
        ValueError: If an image has no ground-truth box, an argument is not among the allowed ones, or ``score_file``
            has other classes or images.

    Example:
        >>> import torch
        >>> metric = LocalizationMetric(sources='box')
        >>> gt_instances = dict(bboxes=torch.tensor([[0.0, 0, 4, 4]]), labels=torch.tensor([1]))
        >>> frame = dict(ori_shape=(8, 8), img_shape=(8, 8), homography_matrix=np.eye(3))
        >>> prediction = dict(pred_score=torch.tensor([0.2, 0.8]), pred_instances=dict(bboxes=[[0.0, 0, 4, 3]]))
        >>> truth = dict(img_id=7, gt_label=torch.tensor([1]), gt_instances=gt_instances)
        >>> metric.process({}, [dict(**truth, **frame, **prediction)])
        >>> numbers = metric.evaluate(size=1)
        >>> numbers['cls/top1'], numbers['box/sltnet/gt_known'], numbers['box/sltnet/mean_iou']
        (100.0, 100.0, 75.0)
    """

    def __init__(
        self,
        protocols: Sequence[str | Mapping | Protocol] | str | Mapping | Protocol = ('sltnet',),
        sources: str | Sequence[str] = 'auto',
        baselines: Sequence[str] = (),
        thresholds: Mapping[str, float] | str | Path | None = None,
        threshold_file: str | Path | None = None,
        score_file: str | Path | None = None,
        table: str | Path | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix or 'unused')  # without one, the base class warns
        self.prefix = prefix
        named = [protocols] if isinstance(protocols, str | Mapping | Protocol) else protocols
        self.protocols = with_thresholds([get_protocol(protocol) for protocol in named], thresholds)
        if not self.protocols or len({protocol.name for protocol in self.protocols}) < len(self.protocols):
            raise ValueError(f'protocols must be at least one, each once, got {[str(each) for each in self.protocols]}')
        self.sources = None if sources == 'auto' else _allowed('sources', sources, SOURCES)
        self.baselines = _allowed('baselines', baselines, ('center',))
        boxes_only = [protocol.name for protocol in self.protocols if protocol.map is None]
        if boxes_only and self.sources == ('map',):
            raise ValueError(
                f"sources must hold 'box' for protocols {boxes_only}, which are defined for boxes, got 'map'"
            )
        self.threshold_file = threshold_file
        self.score_file = None if score_file is None else ScoreFile(score_file)
        self.table = None if table is None else check_table_path(table)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep a few numbers per prediction; maps are not kept."""
        if self.score_file is not None:
            self.score_file.check_classes((self.dataset_meta or {}).get('classes') or ())
        for sample in data_samples:
            if self.score_file is not None:
                sample = dict(sample, pred_score=self.score_file.scores_of(image_name(sample)))
            image = read_image(sample)
            frame = _frame(sample, image)
            sources = self._sources(sample)
            scores = {
                (source, protocol.name): self._score(source, sample, frame, protocol)
                for source in (*sources, *self.baselines)
                for protocol in self.protocols
                if source != 'map' or protocol.map
            }
            self.results.append((image, scores))

    def compute_metrics(self, results: list[tuple[EvaluatedImage, dict[tuple[str, str], Verdict]]]) -> dict[str, float]:
        """The numbers of all images; write the table and the thresholds where asked to.

        Raises:
            ValueError: If there is no image, an image occurs twice, or predictions differ in their fields.
        """
        images, keys = check_results(results)
        if self.score_file is not None:
            self.score_file.check_complete([image.img_id for image in images])
        numbers, rows, chosen = classification_numbers(images), image_rows(images), {}
        protocols = {protocol.name: protocol for protocol in self.protocols}
        for source, name in keys:
            scores: list[Any] = [of_image[source, name] for _, of_image in results]
            summarize: Any = grid_numbers if isinstance(scores[0], CurveVerdict) else fixed_numbers
            found, columns = summarize(images, scores, protocols[name])
            numbers |= {f'{source}/{name}/{number}': value for number, value in found.items()}
            if source == 'map':
                chosen[name] = columns[0]['threshold']
            for row, column in zip(rows, columns, strict=True):
                # predicted boxes have no threshold
                shown = (key for key in column if source == 'map' or key != 'threshold')
                row |= {f'{source}/{name}/{key}': column[key] for key in shown}
        if self.table is not None:
            write_table(self.table, rows)
        if self.threshold_file is not None:
            write_thresholds(self.threshold_file, chosen)
        return numbers

    def _sources(self, sample: dict) -> tuple[str, ...]:
        if self.sources is None:
            present = dict(map='pred_score_map' in sample or 'pred_maps' in sample, box='pred_instances' in sample)
            self.sources = tuple(source for source in SOURCES if present[source])
            if not self.sources and not self.baselines:
                raise KeyError(
                    f'image {image_name(sample)!r}: none of pred_score_map, pred_maps, pred_instances was predicted: '
                    f'there is nothing to localize with; it has {sorted(sample)}'
                )
        return self.sources

    def _score(self, source: str, sample: dict, frame: ImageFrame, protocol: Protocol) -> Verdict:
        if source == 'map':
            score_map = predicted_score_map(sample, frame.input_size, protocol)
            if protocol.threshold is None:
                return judge_map(score_map, frame, protocol)
            return judge_map_at(score_map, protocol.threshold, frame, protocol)
        if source == 'center':
            width, height = frame.image.size
            margin = (1 - CENTER_SHARE) / 2
            box = np.array([width * margin, height * margin, width * (1 - margin), height * (1 - margin)])
        else:
            boxes = to_numpy(
                field(sample, 'pred_instances', 'a regressor predicts it; use sources="map" for a localizer')['bboxes']
            )
            if len(boxes) == 0 or not np.isfinite(boxes[0]).all():
                raise ValueError(
                    f'image {frame.image.img_id!r}: pred_instances must have a finite box, got {boxes.tolist()}'
                )
            box = boxes[0]
        return judge_box(box, frame, protocol)


def _allowed(name: str, values: str | Sequence[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = (values,) if isinstance(values, str) else tuple(values)
    if not set(values) <= set(allowed):
        raise ValueError(f'{name} must be among {allowed}, got {values}')
    return values


def _frame(sample: dict, image: EvaluatedImage) -> ImageFrame:
    hint = (
        'test with transforms that record it (sltnet_mm.ResizeCrop, mmdet.Resize) and pack with '
        'sltnet_mm.PackLocalizationInputs'
    )
    height, width = tuple(field(sample, 'img_shape', hint))[:2]
    return ImageFrame(image, to_numpy(field(sample, 'homography_matrix', hint)), (int(width), int(height)))
