"""A localizer's pseudo boxes of a whole data set as COCO json, which every mmdet detector trains on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import CheckpointLoader, load_checkpoint
from torch import nn
from torch.utils.data import BatchSampler, DataLoader

from sltnet_mm.command_line import unwrapped
from sltnet_mm.functional.boxes import score_map_to_box
from sltnet_mm.pseudo_boxes.resumable import PartFiles, run_resumable
from sltnet_mm.structures.box_file import BoxRecord, dataset_identity, file_name_of, to_coco
from sltnet_mm.structures.frames import boxes_to_original
from sltnet_mm.weights.checkpoints import check_fit


def export_pseudo_boxes(
    cfg: Config,
    checkpoint: str | Path,
    split: str = 'train',
    threshold: float | None = None,
    device: str | torch.device | None = None,
    parts: str | Path | None = None,
    restart: bool = False,
) -> dict | None:
    """Run a localizer over a split and collect one box an image.

    The image is seen as at test (the config's test pipeline), so that boxes are in original pixels. The batches are the
    same whoever computes them, so one process, several, and an interrupted run that is started again give the same
    boxes to the last digit on the same kind of machine.

    Args:
        cfg: Config of a localizer (head ``sltnet_mm.CAMHead``) or of ``sltnet_mm.SLTNet``.
        checkpoint: Its checkpoint.
        split: 'train', 'val' or 'test': which of the config's data sets.
        threshold: Share of the score map's maximum; None takes the model's ``pseudo_box.threshold``, 0.2 where it has
            none.
        device: 'cuda' where there is one, by default.
        parts: Folder of the results so far, where several processes meet and an interrupted run goes on; None keeps
            them in memory.
        restart: Discard parts of other settings, which are otherwise an error.

    Returns:
        A COCO dict (:func:`~sltnet_mm.structures.box_file.to_coco`) on rank 0, None on the others. ``info`` says the
        config and the hash of what it decides here, checkpoint and its hash, split, threshold, and the images; an
        annotation's ``score`` is the probability of the label. Images whose score map is empty are listed in
        ``info['images_without_box']`` and have no annotation.

    Raises:
        FileNotFoundError: The checkpoint does not exist.
        ValueError: The checkpoint does not fit, the model gives no score map or one with NaN, the test pipeline flips,
            or ``parts`` are of other settings.
    """
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint} does not exist')
    dataset = build_for_export(cfg, split)
    model: Any = _build_localizer(cfg, checkpoint)
    model.to(device or ('cuda' if torch.cuda.is_available() else 'cpu')).eval()
    if threshold is None:
        threshold = getattr(getattr(model, 'pseudo_box', None), 'threshold', 0.2)  # 0.2: the paper's
    batch_size = cfg.test_dataloader.batch_size
    info = dict(
        source='localizer',
        config=str(cfg.filename),
        config_sha256=config_sha256(cfg),
        checkpoint=str(checkpoint),
        checkpoint_sha256=file_sha256(checkpoint),
        threshold=threshold,
        split=split,
        dataset=dataset_identity(dataset),
    )
    batches = list(BatchSampler(range(len(dataset)), batch_size, drop_last=False))

    def work(units: Sequence[int]) -> Iterator[tuple[int, list]]:
        loader = export_loader(cfg, dataset, [batches[unit] for unit in units])
        with torch.no_grad():
            for unit, batch in zip(units, loader, strict=True):
                records = _records(batches[unit], model.test_step(batch), dataset.data_root, threshold, model)
                yield unit, [astuple(record) for record in records]

    kept = None if parts is None else PartFiles(parts, dict(info, batch_size=batch_size), restart)
    results = run_resumable(len(batches), work, kept)
    if results is None:
        return None
    records = [BoxRecord(*record) for batch in results.values() for record in batch]
    return to_coco(info, records, dataset.metainfo['classes'])


def build_for_export(cfg: Config, split: str) -> Any:
    """The data set of a split with the test pipeline; of a wrapped one, what is wrapped.

    Raises:
        ValueError: An unknown split.
    """
    if split not in ('train', 'val', 'test'):
        raise ValueError(f'split must be "train", "val" or "test", got {split!r}')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = unwrapped(cfg[f'{split}_dataloader'].dataset)
    return DATASETS.build(dict(settings, pipeline=cfg.test_dataloader.dataset.pipeline, test_mode=True))


def export_loader(cfg: Config, dataset: Any, batches: Sequence[Any]) -> DataLoader:
    """A loader of exactly these batches, with as many workers as the config's test loader has."""
    workers = min(cfg.test_dataloader.get('num_workers', 0), len(batches))
    return DataLoader(dataset, batch_sampler=list(batches), num_workers=workers, collate_fn=pseudo_collate)


def config_sha256(cfg: Config) -> str:
    """Hash of what a config decides about boxes: model and test pipeline (its data are identified apart)."""
    decisive = [cfg.model, cfg.test_dataloader.dataset.pipeline]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()


def file_sha256(path: str | Path) -> str:
    """Hash of a file's content."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _build_localizer(cfg: Config, checkpoint: str | Path) -> nn.Module:
    model_cfg = dict(cfg.model)
    if model_cfg['type'].endswith('SLTNet'):
        model_cfg.update(classifier=None, test_cfg=dict(box_from='localizer', score_map=True))
    model = MODELS.build(model_cfg)
    check_fit(model, CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu'))
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    return model


def _records(
    places: Sequence[int], samples: Sequence[Any], data_root: str, threshold: float, model: nn.Module
) -> list[BoxRecord]:
    """The boxes of one batch; ``places`` are those of its images in the data set."""
    if not all('pred_score_map' in sample for sample in samples):
        raise ValueError(
            f'{type(model).__name__} gives no score map; pseudo boxes need a localizer with sltnet_mm.CAMHead'
        )
    if any(sample.get('flip', False) for sample in samples):
        raise ValueError('the test pipeline flips images, and boxes would stay flipped: set flip_prob=0 in it')
    score_maps = torch.stack([sample.pred_score_map for sample in samples])
    corners = score_map_to_box(score_maps, threshold).cpu()
    found = score_maps.flatten(1).any(1).tolist()
    broken = (~corners.isfinite().all(1)).nonzero().flatten().tolist()
    if broken:
        raise ValueError(
            f'the score map of {samples[broken[0]].img_path} holds NaN or infinity: the localizer has diverged, or its '
            'checkpoint is damaged; take another one'
        )
    boxes = boxes_to_original(corners, [sample.metainfo for sample in samples]).tolist()
    labels = [int(sample.gt_label[0]) for sample in samples]
    scores = torch.stack([sample.pred_score for sample in samples]).tolist()
    return [
        BoxRecord(
            index=place,
            file_name=file_name_of(str(sample.img_path), data_root),
            size=(int(sample.ori_shape[1]), int(sample.ori_shape[0])),
            label=label,
            box=tuple(box) if has_box else None,
            score=of_classes[label],
        )
        for place, sample, label, box, has_box, of_classes in zip(
            places, samples, labels, boxes, found, scores, strict=True
        )
    ]
