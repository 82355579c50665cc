"""Pseudo boxes of a whole data set as COCO json, which every mmdet detector trains on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmengine.utils import ProgressBar

from . import __version__
from .checkpoints import check_fit
from .frames import boxes_to_original
from .functional.boxes import score_map_to_box


def export_pseudo_boxes(
    cfg: Config, checkpoint: str | Path, split: str = 'train', threshold: float | None = None, device: str | None = None
) -> dict:
    """Run a localizer over a split and collect one box an image.

    The image is seen as at test (the config's test pipeline), so that boxes are in original pixels.

    Args:
        cfg: config of a localizer (head ``sltnet_mm.CAMHead``) or of ``sltnet_mm.SLTNet``.
        checkpoint: its checkpoint.
        split: 'train', 'val' or 'test': which of the config's data sets.
        threshold: share of the score map's maximum; None takes the model's ``pseudo_box.threshold``, 0.2 where it has
            none.
        device: 'cuda' where there is one, by default.

    Returns:
        A COCO dict: ``info`` (config, checkpoint and its hash, threshold, package version, date), ``images``,
        ``annotations`` (one an image: ``bbox`` as x, y, w, h in original pixels; ``score``, the probability of the
        label) and ``categories`` (ids from 0, in the order of the classes). Images whose score map is empty are listed
        in ``info['images_without_box']`` and have no annotation.

    Raises:
        ValueError: the checkpoint does not fit, or the model gives no score map.
    """
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    model_cfg = dict(cfg.model)
    if model_cfg['type'].endswith('SLTNet'):
        model_cfg.update(classifier=None, test_cfg=dict(box_from='localizer', score_map=True))
    model = MODELS.build(model_cfg)
    check_fit(model, CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu'))
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    model.to(device).eval()
    if threshold is None:
        threshold = getattr(getattr(model, 'pseudo_box', None), 'threshold', 0.2)  # 0.2: the paper's
    loader = _loader(cfg, split)
    images: list[dict] = []
    annotations: list[dict] = []
    empty: list[str] = []
    for sample in _predictions(model, loader):
        height, width = sample.ori_shape[:2]
        images.append(dict(id=len(images), file_name=str(sample.img_path), width=int(width), height=int(height)))
        if 'pred_score_map' not in sample:
            raise ValueError(
                f'{type(model).__name__} gives no score map; pseudo boxes need a localizer with sltnet_mm.CAMHead'
            )
        if not sample.pred_score_map.any():
            empty.append(images[-1]['file_name'])
            continue
        box = boxes_to_original(score_map_to_box(sample.pred_score_map, threshold)[None].cpu(), [sample.metainfo])[0]
        x1, y1, x2, y2 = (round(value, 3) for value in box.tolist())
        label = int(sample.gt_label[0])
        annotations.append(
            dict(
                id=len(annotations),
                image_id=images[-1]['id'],
                category_id=label,
                iscrowd=0,
                bbox=[x1, y1, x2 - x1, y2 - y1],
                area=(x2 - x1) * (y2 - y1),
                score=round(float(sample.pred_score[label]), 6),
            )
        )
    info = dict(
        description='pseudo boxes',
        config=str(cfg.filename),
        checkpoint=str(checkpoint),
        checkpoint_sha256=_sha256(checkpoint),
        split=split,
        threshold=threshold,
        images_without_box=empty,
        sltnet_mm=__version__,
        date_created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
    )
    classes = loader.dataset.metainfo['classes']
    return dict(
        info=info,
        images=images,
        annotations=annotations,
        categories=[dict(id=i, name=str(name)) for i, name in enumerate(classes)],
    )


def _loader(cfg: Config, split: str) -> Any:
    if split not in ('train', 'val', 'test'):
        raise ValueError(f'split must be "train", "val" or "test", got {split!r}')
    settings = dict(cfg.test_dataloader)
    dataset = dict(cfg[f'{split}_dataloader'].dataset, pipeline=cfg.test_dataloader.dataset.pipeline, test_mode=True)
    settings.update(
        dataset=DATASETS.build(dataset), sampler=dict(type='DefaultSampler', shuffle=False), drop_last=False
    )
    return Runner.build_dataloader(settings)


@torch.no_grad()
def _predictions(model: Any, loader: Any) -> Iterator:
    progress = ProgressBar(len(loader.dataset))
    for batch in loader:
        samples: Sequence = model.test_step(batch)
        yield from samples
        progress.update(len(samples))


def _sha256(path: str | Path) -> str:
    with open(path, 'rb') as file:
        return (
            hashlib.file_digest(file, 'sha256').hexdigest()
            if hasattr(hashlib, 'file_digest')
            else hashlib.sha256(file.read()).hexdigest()
        )
