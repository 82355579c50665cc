"""What a trained SLT-Net says of each photograph: boxes of both parts, of the mirror image and of other thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.utils.data import BatchSampler

from sltnet_mm.functional.boxes import score_map_to_box
from sltnet_mm.pseudo_boxes.from_localizer import build_for_export, export_loader, file_sha256
from sltnet_mm.pseudo_boxes.resumable import PartFiles, run_resumable
from sltnet_mm.structures.box_file import file_name_of
from sltnet_mm.structures.frames import boxes_to_original
from sltnet_mm.weights.checkpoints import load_fitting
from sltnet_mm.weights.loading import load_checkpoint_file

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 13))
"""Thresholds of the score map whose boxes are kept, 0.05 to 0.6."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Located:
    """The boxes of one photograph, x1, y1, x2, y2 in its pixels, and the probabilities of its label.

    Args:
        image: Path relative to the photographs' folder.
        size: (width, height) in pixels.
        label: Class of the photograph, as given.
        regressor: Box of the regressor.
        of_map: Boxes of the score map at ``THRESHOLDS``.
        mirrored_regressor: Box of the regressor on the mirror image, moved back.
        mirrored_map: The same of the score map.
        found: Whether the score map has a foreground.
        label_score: Probability of the label.
        other_score: Highest probability of another class.
    """

    image: str
    size: tuple[int, int]
    label: int
    regressor: Box
    of_map: list[Box]
    mirrored_regressor: Box
    mirrored_map: list[Box]
    found: bool
    label_score: float
    other_score: float

    def box(self, source: str, threshold: float) -> Box:
        """The box of 'localizer' at a threshold of ``THRESHOLDS``, or of 'regressor'."""
        return self.regressor if source == 'regressor' else self.of_map[THRESHOLDS.index(threshold)]

    def mirrored_box(self, source: str, threshold: float) -> Box:
        """The same of the mirror image."""
        return self.mirrored_regressor if source == 'regressor' else self.mirrored_map[THRESHOLDS.index(threshold)]


def locate(cfg: Config, checkpoint: Path, ann_file: Path, device: str, parts: Path) -> list[Located]:
    """Run an SLT-Net on all photographs of a list; an interrupted run resumes.

    Args:
        cfg: Config of the run.
        checkpoint: Its checkpoint.
        ann_file: CSV with all photographs as split 'train', without boxes.
        device: Device of the model.
        parts: Folder for partial results; results of another checkpoint or list there are discarded.

    Returns:
        One record per photograph, in the order of the list.
    """
    cfg = Config(cfg.to_dict())
    cfg.train_dataloader.dataset.ann_file = str(ann_file.resolve())
    dataset = build_for_export(cfg, 'train')
    model: Any = MODELS.build(dict(cfg.model, test_cfg=dict(box_from='regressor', score_map=True)))
    load_fitting(model, load_checkpoint_file(checkpoint))
    model.to(device).eval()
    batches = list(BatchSampler(range(len(dataset)), cfg.test_dataloader.batch_size, drop_last=False))

    def work(units: Sequence[int]) -> Iterator[tuple[int, list]]:
        loader = export_loader(cfg, dataset, [batches[unit] for unit in units])
        with torch.no_grad():
            for unit, batch in zip(units, loader, strict=True):
                yield unit, [asdict(record) for record in _locate_batch(model, batch, dataset.data_root)]

    header = dict(checkpoint=file_sha256(checkpoint), images=file_sha256(ann_file), thresholds=THRESHOLDS)
    results = run_resumable(len(batches), work, PartFiles(parts, header, restart=True))
    return [_from_json(each) for batch in (results or {}).values() for each in batch]


def write_located(located: Sequence[Located], path: Path) -> None:
    """Write records as JSON lines, for a later choice of another threshold or part."""
    path.write_text(''.join(json.dumps(asdict(record)) + '\n' for record in located), encoding='utf-8')


def read_located(path: Path) -> list[Located]:
    """The records of a file of :func:`write_located`."""
    return [_from_json(json.loads(line)) for line in path.read_text(encoding='utf-8').splitlines()]


def _from_json(record: dict[str, Any]) -> Located:
    for name in ('regressor', 'mirrored_regressor', 'size'):
        record[name] = tuple(record[name])
    for name in ('of_map', 'mirrored_map'):
        record[name] = [tuple(box) for box in record[name]]
    return Located(**record)


def _locate_batch(model: Any, batch: dict, data_root: str) -> Iterator[Located]:
    data = model.data_preprocessor(batch, False)
    inputs, samples = data['inputs'], data['data_samples']
    straight = _boxes(model, inputs, samples)
    scores = torch.stack([sample.pred_score for sample in samples]).cpu()
    found = [bool(sample.pred_score_map.max() > 0) for sample in samples]
    for sample in samples:
        matrix = _mirror(inputs.shape[-1]) @ np.asarray(sample.homography_matrix, np.float64)
        sample.set_metainfo(dict(homography_matrix=matrix))
    mirrored = _boxes(model, inputs.flip(-1), samples)
    for i, sample in enumerate(samples):
        label = int(sample.gt_label[0])
        others = scores[i].clone()
        others[label] = -1
        yield Located(
            image=file_name_of(str(sample.img_path), data_root),
            size=(int(sample.ori_shape[1]), int(sample.ori_shape[0])),
            label=label,
            regressor=_tuple(straight['regressor'][i]),
            of_map=[_tuple(boxes[i]) for boxes in straight['localizer']],
            mirrored_regressor=_tuple(mirrored['regressor'][i]),
            mirrored_map=[_tuple(boxes[i]) for boxes in mirrored['localizer']],
            found=found[i],
            label_score=float(scores[i, label]),
            other_score=float(others.max()),
        )


def _mirror(width: int) -> np.ndarray:
    return np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]])


def _tuple(box: Tensor) -> Box:
    x1, y1, x2, y2 = (round(value, 2) for value in box.tolist())
    return x1, y1, x2, y2


def _boxes(model: Any, inputs: Tensor, samples: Sequence[BaseDataElement]) -> dict[str, Any]:
    """Boxes on the original images: of the regressor B x 4, of the score map one B x 4 per threshold."""
    samples = model.predict(inputs, samples)
    maps = torch.stack([sample.pred_score_map for sample in samples])
    metainfos = [sample.metainfo for sample in samples]
    return dict(
        regressor=torch.stack([sample.pred_instances.bboxes[0] for sample in samples]).cpu(),
        localizer=[boxes_to_original(score_map_to_box(maps, threshold), metainfos).cpu() for threshold in THRESHOLDS],
    )
