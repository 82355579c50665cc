"""A config that trains an mmdet detector on the boxes of a run, without any true box."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from sltnet_mm.config import load_config, set_epochs
from sltnet_mm.labeling.run_config import configs_folder

_BASE = 'detector/rtmdet-pseudo-boxes_squeezenet1-1_1xb16-24e_photos31.py'
_IMAGES, _EPOCHS, _MOST_EPOCHS = 1240, 24, 300  # the base's training images and epochs


def detector_config(coco: Mapping[str, Any], boxes: Path, root: Path, run: Config) -> Config:
    """RTMDet on SqueezeNet 1.1, trained on the boxes of a run.

    There is no validation: the test runs on the training images and their boxes, and shows only that the detector has
    learned them.

    Args:
        coco: The boxes.
        boxes: Their file, which the config names.
        root: Folder of the photographs.
        run: Config of the run, whose weights and preprocessing are taken if its network is SqueezeNet 1.1 too.
    """
    cfg = load_config(configs_folder() / _BASE)
    classes = tuple(each['name'] for each in sorted(coco['categories'], key=lambda each: each['id']))
    cfg.model.bbox_head.num_classes = len(classes)
    backbone = run.model.localizer.backbone
    if backbone.get('model') == cfg.model.backbone.model:
        cfg.model.backbone.checkpoint = backbone.checkpoint
        for name in ('mean', 'std', 'bgr_to_rgb'):
            cfg.model.data_preprocessor[name] = run.model.data_preprocessor[name]
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    for split in ('train', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        dataset.ann_file = str(boxes.resolve())
        dataset.data_prefix = dict(img=f'{root.resolve()}/')
        dataset.metainfo = dict(classes=classes)
    cfg.metainfo = dict(classes=classes)
    for name in ('classes', 'boxes', 'data_root', 'dataset'):  # variables of the base, which say nothing here
        cfg.pop(name, None)
    cfg.test_evaluator = [dict(type='CocoMetric', ann_file=str(boxes.resolve()), metric='bbox')]
    trained = len({each['image_id'] for each in coco['annotations']})
    cfg.train_dataloader.batch_size = max(1, min(16, trained // 2))
    epochs = max(_EPOCHS, min(_MOST_EPOCHS, round(_EPOCHS * _IMAGES / max(1, trained))))
    for scheduler in cfg.param_scheduler:
        if scheduler.type == 'CosineAnnealingLR':
            scheduler.update(T_max=epochs - scheduler.begin, end=epochs)
    set_epochs(cfg, epochs)
    cfg.work_dir = str(boxes.resolve().parent / 'detector')
    return cfg
