"""A localizer's pseudo boxes for a data set as COCO json, on which any mmdet detector can be trained."""

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
from torch import nn
from torch.utils.data import BatchSampler, DataLoader

from sltnet_mm.config import pipeline_of, type_name, unwrapped
from sltnet_mm.functional.boxes import PAPER_THRESHOLD
from sltnet_mm.models.box_source import BOX_FROM, BoxChoice
from sltnet_mm.pseudo_boxes.box_scores import box_scores
from sltnet_mm.pseudo_boxes.masks import mask_of_map
from sltnet_mm.pseudo_boxes.resumable import PartFiles, run_resumable
from sltnet_mm.structures.box_file import BoxRecord, dataset_identity, file_name_of, to_coco
from sltnet_mm.structures.frames import boxes_of_samples
from sltnet_mm.weights.checkpoints import check_classes, load_fitting
from sltnet_mm.weights.loading import load_checkpoint_file
from sltnet_mm.weights.wrappers import unwrap


def export_pseudo_boxes(
    cfg: Config,
    checkpoint: str | Path,
    split: str = 'train',
    threshold: float | None = None,
    device: str | torch.device | None = None,
    parts: str | Path | None = None,
    restart: bool = False,
    box_from: str = 'auto',
    masks: bool = False,
) -> dict | None:
    """Run a localizer or an SLT-Net on a split and collect one box per image.

    Images go through the config's test pipeline; boxes are in original pixels. Batches do not depend on the number of
    processes, so one process, several processes, and an interrupted and restarted run give identical boxes on the same
    kind of machine.

    Args:
        cfg: Config of a localizer (head ``sltnet_mm.CAMHead``), of ``sltnet_mm.SLTNet``, or of any model behind a map
            source (:func:`sltnet_mm.map_sources.with_map_source`).
        checkpoint: Checkpoint of the model.
        split: Data set of the config, 'train', 'val' or 'test'. Defaults to 'train'.
        threshold: Share of the score map's maximum. None: the model's ``pseudo_box.threshold``, or else the paper's
            0.2. Defaults to None.
        device: Device of the model. None: 'cuda' if available. Defaults to None.
        parts: Folder for partial results, needed for several processes and for resuming. None: results are kept in
            memory. Defaults to None.
        box_from: The part that gives the box of an SLT-Net, 'localizer' (its score map) or 'regressor'. 'auto': that of
            ``SLTInferencer``, which training chose (:class:`~sltnet_mm.hooks.BoxSourceHook`). A localizer alone gives
            its own. Defaults to 'auto'.
        masks: Give each annotation a ``segmentation``: the foreground of the score map inside the box, as COCO's run
            lengths (:func:`~sltnet_mm.pseudo_boxes.masks.mask_of_map`). Defaults to False.
        restart: Discard partial results of other settings, which are an error otherwise. Defaults to False.

    Returns:
        A COCO dict (see :func:`~sltnet_mm.structures.box_file.to_coco`) on rank 0, None on other ranks. ``info`` has
        ``source`` (the part that gave the boxes), config, checkpoint (both with hashes), split, threshold and data set.
        An annotation's ``score`` is that of its box (see :func:`~sltnet_mm.pseudo_boxes.box_scores.box_scores`), its
        ``label_score`` the probability of the label. An image with an empty score map has no annotation and is listed
        in ``info['images_without_box']``.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If the checkpoint does not fit or was trained on other classes, the model returns no score map or
            one with NaN, ``box_from`` is unknown or the model has no such part, ``threshold`` is given for boxes of the
            regressor, or ``parts`` has results of other settings.
    """
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint} does not exist. Train one with tools/train.py')
    dataset = build_for_export(cfg, split)
    model: Any = _build(cfg, checkpoint, box_from, dataset)
    source = getattr(model, 'box_source', 'localizer')
    if source == 'regressor' and threshold is not None:
        raise ValueError(
            f'threshold={threshold} has no effect, because the boxes are those of the regressor. Leave it out, or take '
            "those of the score map (box_from='localizer')"
        )
    model.to(device or ('cuda' if torch.cuda.is_available() else 'cpu')).eval()
    if threshold is None:
        threshold = getattr(getattr(unwrap(model), 'pseudo_box', None), 'threshold', PAPER_THRESHOLD)
    batch_size = cfg.test_dataloader.batch_size
    info = dict(
        source=source,
        config=str(cfg.filename),
        config_sha256=config_sha256(cfg),
        checkpoint=str(checkpoint),
        checkpoint_sha256=file_sha256(checkpoint),
        threshold=threshold,
        split=split,
        dataset=dataset_identity(dataset),
    )
    if masks:
        info['masks'] = True
    batches = list(BatchSampler(range(len(dataset)), batch_size, drop_last=False))

    def work(units: Sequence[int]) -> Iterator[tuple[int, list]]:
        loader = export_loader(cfg, dataset, [batches[unit] for unit in units])
        with torch.no_grad():
            for unit, batch in zip(units, loader, strict=True):
                records = _records(batches[unit], model.test_step(batch), dataset.data_root, threshold, model, masks)
                yield unit, [astuple(record) for record in records]

    kept = None if parts is None else PartFiles(parts, dict(info, batch_size=batch_size), restart)
    results = run_resumable(len(batches), work, kept)
    if results is None:
        return None
    records = [BoxRecord(*record) for batch in results.values() for record in batch]
    return to_coco(info, records, dataset.metainfo['classes'])


def build_for_export(cfg: Config, split: str) -> Any:
    """The data set of a split, without wrappers and with the test pipeline.

    Raises:
        ValueError: If ``split`` is not 'train', 'val' or 'test', or its data set is joined of several.
    """
    if split not in ('train', 'val', 'test'):
        raise ValueError(f'split must be "train", "val" or "test", got {split!r}')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = unwrapped(cfg[f'{split}_dataloader'].dataset)
    return DATASETS.build(dict(settings, pipeline=pipeline_of(cfg.test_dataloader.dataset), test_mode=True))


def export_loader(cfg: Config, dataset: Any, batches: Sequence[Any]) -> DataLoader:
    """A loader of exactly these batches, with the number of workers of the config's test loader."""
    workers = min(cfg.test_dataloader.get('num_workers', 0), len(batches))
    return DataLoader(dataset, batch_sampler=list(batches), num_workers=workers, collate_fn=pseudo_collate)


def config_sha256(cfg: Config) -> str:
    """The hash of the settings that affect boxes: model and test pipeline (the data set is identified separately)."""
    decisive = [cfg.model, pipeline_of(cfg.test_dataloader.dataset)]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()


def file_sha256(path: str | Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _build(cfg: Config, checkpoint: str | Path, box_from: str, dataset: Any) -> nn.Module:
    if box_from not in BOX_FROM:
        raise ValueError(f'box_from must be one of {BOX_FROM}, got {box_from!r}')
    model_cfg = dict(cfg.model)
    two_parts = type_name(model_cfg).endswith('SLTNet')
    if two_parts:
        wanted = (model_cfg.get('test_cfg') or {}).get('box_from', 'auto') if box_from == 'auto' else box_from
        model_cfg.update(classifier=None, test_cfg=dict(box_from=wanted, score_map=True))
    elif box_from == 'regressor':
        raise ValueError(f"box_from='regressor' needs an SLT-Net, got {type_name(model_cfg)}. Leave it out")
    model: Any = MODELS.build(model_cfg)
    weights = load_checkpoint_file(checkpoint)
    load_fitting(model, weights)
    check_classes(model, weights, dataset, 'the data set')
    if two_parts:
        model.choose_box(BoxChoice.of_checkpoint(weights))
    return model


def _records(
    places: Sequence[int],
    samples: Sequence[Any],
    data_root: str,
    threshold: float,
    model: nn.Module,
    masks: bool = False,
) -> list[BoxRecord]:
    """The boxes of one batch; ``places`` are the indices of its images in the data set."""
    if not all('pred_score_map' in sample for sample in samples):
        raise ValueError(
            f'{type(model).__name__} returns no score map. Pseudo boxes need a localizer with sltnet_mm.CAMHead'
        )
    located = boxes_of_samples(samples, threshold)
    boxes, found = located.boxes.cpu(), located.found.tolist()
    if samples[0].get('box_from') == 'regressor':  # it has a box for every image
        boxes = torch.stack([sample.pred_instances.bboxes[0].cpu() for sample in samples])
        found = [True] * len(samples)
    broken = (~boxes.isfinite().all(1)).nonzero().flatten().tolist()
    if broken:
        raise ValueError(
            f'The score map of {samples[broken[0]].img_path} must be finite, but has NaN or infinity: the localizer '
            'diverged, or its checkpoint is damaged. Use another checkpoint'
        )
    scores: Any = box_scores(samples, boxes)
    labels = [int(sample.gt_label[0]) for sample in samples]
    probabilities = torch.stack([sample.pred_score for sample in samples]).tolist()
    return [
        BoxRecord(
            index=place,
            file_name=file_name_of(str(sample.img_path), data_root),
            size=(int(sample.ori_shape[1]), int(sample.ori_shape[0])),
            label=label,
            box=tuple(box) if has_box else None,
            score=score,
            label_score=of_classes[label],
            mask=_mask(sample, box, threshold) if masks and has_box else None,
        )
        for place, sample, label, box, has_box, score, of_classes in zip(
            places, samples, labels, boxes.tolist(), found, scores.tolist(), probabilities, strict=True
        )
    ]


def _mask(sample: Any, box: Sequence[float], threshold: float) -> dict[str, Any]:
    score_map = sample.pred_score_map.cpu().numpy()
    return mask_of_map(score_map, sample.homography_matrix, tuple(sample.ori_shape[:2]), box, threshold)
