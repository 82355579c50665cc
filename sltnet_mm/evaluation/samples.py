"""One prediction of a model (a dict, as mmengine passes it to metrics) as NumPy arrays; errors name the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sltnet_mm.evaluation.accuracy import label_rank


@dataclass(frozen=True)
class EvaluatedImage:
    """Ground truth of one image and its predicted class; maps and boxes are kept elsewhere.

    Args:
        img_id: Unique name.
        label: Ground-truth class.
        rank: Number of classes ranked before the ground-truth class (0: top-1 correct); None if the model predicts no
            scores.
        prediction: Class with the highest score; None if the model predicts no scores.
        gt_boxes: (n, 4) float64 xyxy, in pixels of the original image, n >= 1.
        gt_labels: (n,) classes of the boxes.
        size: (width, height) of the original image.
    """

    img_id: str
    label: int
    rank: int | None
    prediction: int | None
    gt_boxes: np.ndarray
    gt_labels: np.ndarray
    size: tuple[int, int]


def to_numpy(value: Any) -> np.ndarray:
    """A tensor on any device, or an array, as a NumPy array (half precision and bfloat16 as float32)."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        value = value.float() if value.is_floating_point() and value.dtype != torch.float64 else value
        return value.cpu().numpy()
    return np.asarray(value)


def field(sample: dict, name: str, hint: str) -> Any:
    """The entry ``sample[name]``.

    Raises:
        KeyError: If it is missing; the message names the image and ends with ``hint``.
    """
    if sample.get(name) is None:
        raise KeyError(f'image {image_name(sample)!r}: the prediction has no {name!r}: {hint}')
    return sample[name]


def image_name(sample: dict) -> str:
    """The unique name of a sample's image: ``img_id``, or else ``img_path``.

    Raises:
        KeyError: If the sample has neither.
    """
    name = sample.get('img_id', sample.get('img_path'))
    if name is None:
        raise KeyError(
            "a prediction has neither 'img_id' nor 'img_path': pack the test pipeline's results with "
            'sltnet_mm.PackLocalizationInputs'
        )
    return str(name)


def read_image(sample: dict) -> EvaluatedImage:
    """Read ground truth and class scores of one prediction.

    Raises:
        KeyError: If ``gt_instances`` or the image's size is missing.
        ValueError: If the image has no ground-truth box, a box is inverted, not finite or outside the image, or the
            scores do not match the label.
    """
    name = image_name(sample)
    height, width = tuple(field(sample, 'ori_shape', 'it is written by mmcv.LoadImageFromFile and kept by the packer'))[
        :2
    ]
    instances = field(sample, 'gt_instances', 'evaluation needs ground-truth boxes; use split="val" or "test"')
    gt_boxes = to_numpy(instances['bboxes']).astype(np.float64).reshape(-1, 4)
    gt_labels = to_numpy(instances['labels']).astype(np.int64).reshape(-1)
    check_gt_boxes(gt_boxes, (width, height), name)
    label = (
        int(to_numpy(sample['gt_label']).reshape(-1)[0]) if sample.get('gt_label') is not None else int(gt_labels[0])
    )
    rank = prediction = None
    if sample.get('pred_score') is not None:
        scores = to_numpy(sample['pred_score']).reshape(-1)
        try:
            rank, prediction = label_rank(scores, label), int(scores.argmax())
        except ValueError as error:
            raise ValueError(f'image {name!r}: {error}') from error
    return EvaluatedImage(name, label, rank, prediction, gt_boxes, gt_labels, (int(width), int(height)))


def check_gt_boxes(boxes: np.ndarray, size: tuple[int, int] | None, name: str) -> None:
    """Raise if ground-truth boxes cannot be evaluated.

    Args:
        boxes: (n, 4) xyxy.
        size: (width, height) of the frame, or None if boxes may lie anywhere.
        name: Name of the image, for the message.

    Raises:
        ValueError: If there is no box, a number is not finite, or a box is inverted (x1 < x0) or entirely outside the
            frame.
    """
    if not len(boxes):
        raise ValueError(
            f'image {name!r} has no ground-truth box: evaluation needs one; remove the image or annotate it'
        )
    if not np.isfinite(boxes).all():
        raise ValueError(f'image {name!r}: ground-truth boxes must be finite, got {boxes.tolist()}')
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(
            f'image {name!r}: ground-truth boxes must be x0, y0, x1, y1 with x0 <= x1, y0 <= y1, got {boxes.tolist()} '
            '(is the file x, y, width, height?)'
        )
    if size is not None and ((boxes[:, :2] >= np.array(size)) | (boxes[:, 2:] < 0)).any():
        raise ValueError(
            f'image {name!r}: ground-truth boxes must overlap the image, (width, height) {size}, got {boxes.tolist()} '
            '(are they in pixels of the original image?)'
        )
