"""Metrics of a file of pseudo boxes against the ground-truth boxes of a split, without running a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sltnet_mm.evaluation.localization_metric import LocalizationMetric
from sltnet_mm.evaluation.protocols import Protocol
from sltnet_mm.structures.box_file import file_name_of, read_box_file


def evaluate_box_file(
    path: str | Path,
    dataset: Any,
    protocols: Sequence[str | Protocol] = ('sltnet',),
    input_size: int = 224,
    score_file: str | Path | None = None,
    table: str | Path | None = None,
) -> dict[str, float]:
    """Evaluate the boxes of a file, one per image, in the way ``LocalizationMetric`` evaluates a regressor's boxes.

    Args:
        path: File that tools/generate_pseudo_boxes.py or tools/generate_ddt_boxes.py wrote for this split. An image
            without a box counts as the whole image, as everywhere.
        dataset: The split, 'val' or 'test', with ground-truth boxes; it must have the same images as the file.
        protocols: As in ``LocalizationMetric``.
        input_size: Side length in pixels of the square frame, for protocols that compare boxes in the network input;
            the paper's images have 224.
        score_file: Class scores, for Top-k LOC.
        table: Table to write, with one row per image (.csv or .parquet).

    Returns:
        Metrics in percent under ``LocalizationMetric``'s names, ``box/<protocol>/<metric>``.

    Raises:
        ValueError: If the file has other images or classes, or the split has no ground-truth boxes.

    Example:
        >>> import tempfile
        >>> from sltnet_mm.structures.box_file import BoxRecord, to_coco, write_box_file
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> images, path = SyntheticLocalization(split='test', num_images=2), Path(tempfile.mkdtemp()) / 'boxes.json'
        >>> infos = [images.get_data_info(i) for i in range(2)]
        >>> records = [
        ...     BoxRecord(i, info['img_path'], (64, 64), info['gt_label'], tuple(info['instances'][0]['bbox']))
        ...     for i, info in enumerate(infos)]
        >>> write_box_file(path, to_coco({}, records, images.metainfo['classes']))
        >>> evaluate_box_file(path, images)['box/sltnet/gt_known']
        100.0
    """
    file = read_box_file(path)
    classes = tuple(str(name) for name in dataset.metainfo['classes'])
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = [file_name_of(info['img_path'], dataset.data_root) for info in infos]
    alone = sorted(file.rows.keys() ^ set(names))
    if alone or classes != file.classes:
        raise ValueError(
            f'{path} does not match the {len(infos)} images of {type(dataset).__name__}: '
            + (f'{len(alone)} images are in one of them only, such as {alone[:3]}' if alone else 'the classes differ')
            + f'. It was made from {file.info.get("dataset")}'
        )
    metric = LocalizationMetric(protocols, sources='box', score_file=score_file, table=table)
    metric.dataset_meta = dict(classes=classes)
    for info, name in zip(infos, names, strict=True):
        row = file.rows[name]
        metric.process({}, [_prediction(info, file.boxes[row], file.sizes[row].tolist(), input_size)])
    return metric.evaluate(size=len(infos))


def _prediction(info: dict[str, Any], box: np.ndarray, size: Sequence[int], input_size: int) -> dict[str, Any]:
    """The prediction of a regressor that predicts this box, as metrics read it."""
    if not info.get('instances'):
        raise ValueError(f'image {info["img_path"]} has no ground-truth box; use split="val" or "test"')
    width, height = size
    kept = [instance for instance in info['instances'] if not instance.get('ignore_flag', 0)]
    return dict(
        img_id=info['img_id'],
        img_path=info['img_path'],
        ori_shape=(height, width),
        img_shape=(input_size, input_size),
        homography_matrix=np.diag([input_size / width, input_size / height, 1.0]),
        gt_label=np.array([info['gt_label']]),
        gt_instances=dict(
            bboxes=np.array([instance['bbox'] for instance in kept]),
            labels=np.array([instance['bbox_label'] for instance in kept]),
        ),
        pred_instances=dict(bboxes=[[0.0, 0.0, width, height]] if np.isnan(box).any() else box[None]),
    )
