"""Boxes of deep descriptor transforming (DDT) for a data set, as COCO json in the layout of pseudo boxes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.utils.data import BatchSampler

from sltnet_mm.functional.ddt import DescriptorCovariance, heatmaps_to_boxes, object_sign, project_descriptors
from sltnet_mm.pseudo_boxes.from_localizer import build_for_export, config_sha256, export_loader
from sltnet_mm.pseudo_boxes.resumable import PartFiles, run_resumable
from sltnet_mm.structures.box_file import BoxRecord, dataset_identity, file_name_of, to_coco
from sltnet_mm.structures.frames import boxes_to_original
from sltnet_mm.weights.checkpoints import load_fitting
from sltnet_mm.weights.loading import load_checkpoint_file


def export_ddt_boxes(
    cfg: Config,
    split: str = 'train',
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    feature_memory: int = 256,
    parts: str | Path | None = None,
    restart: bool = False,
) -> dict | None:
    """Find the common object of the images in each class of a split, and collect one box per image.

    Classes are processed one by one (several processes divide them), each in two passes over its images: the covariance
    of the descriptors, then their projections. Only the covariance of one class is in memory.

    Args:
        cfg: Config whose model has ``extract_feat``, such as ``mmpretrain.ImageClassifier`` with only a backbone. The
            test pipeline must show the whole image (at 448 x 448 pixels in PSOL).
        split: Data set of the config, 'train', 'val' or 'test'. Defaults to 'train'.
        checkpoint: Checkpoint of a trained model. None: the weights named in the config. Defaults to None.
        device: Device of the model. None: 'cuda' if available. Defaults to None.
        feature_memory: Memory for the features of one class in MiB; those of a larger class are computed in both
            passes, with the same result. Defaults to 256.
        parts: Folder for partial results, needed for several processes and for resuming. None: results are kept in
            memory. Defaults to None.
        restart: Discard partial results of other settings, which are an error otherwise. Defaults to False.

    Returns:
        A COCO dict (see :func:`~sltnet_mm.structures.box_file.to_coco`) on rank 0, None on other ranks. ``info`` has
        config, hash of the weights, split and data set. There are no scores, and every image has a box: the whole image
        if there is no foreground.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If there are no trained weights, the model returns no feature maps, or ``parts`` has results of
            other settings.
    """
    dataset = build_for_export(cfg, split)
    model = _build(cfg, checkpoint).to(device or ('cuda' if torch.cuda.is_available() else 'cpu')).eval()
    info = dict(
        source='ddt',
        config=str(cfg.filename),
        config_sha256=config_sha256(cfg),
        checkpoint=None if checkpoint is None else str(checkpoint),
        weights_sha256=_weights_sha256(model),
        split=split,
        dataset=dataset_identity(dataset),
    )
    classes = _Classes(cfg, dataset, model, feature_memory << 20)
    kept = None if parts is None else PartFiles(parts, dict(info, batch_size=classes.batch_size), restart)
    results = run_resumable(len(classes.members), classes.boxes, kept)
    if results is None:
        return None
    records = [BoxRecord(*record) for of_class in results.values() for record in of_class]
    return to_coco(info, records, dataset.metainfo['classes'])


class _Classes:
    """The images of each class, and their boxes."""

    def __init__(self, cfg: Config, dataset: Any, model: Any, feature_bytes: int) -> None:
        self.cfg, self.dataset, self.model, self.feature_bytes = cfg, dataset, model, feature_bytes
        self.batch_size = cfg.test_dataloader.batch_size
        of_label: dict[int, list[int]] = {}
        for index in range(len(dataset)):
            of_label.setdefault(int(dataset.get_data_info(index)['gt_label']), []).append(index)
        self.members = [of_label[label] for label in sorted(of_label)]

    @torch.no_grad()
    def boxes(self, units: Sequence[int]) -> Iterator[tuple[int, list]]:
        """Yield the boxes of the images in the classes with these indices."""
        kept = {unit: self._fits(len(self.members[unit])) for unit in units}
        batches = [
            batch
            for unit in units
            for _ in range(1 if kept[unit] else 2)
            for batch in self._batches(self.members[unit])
        ]
        loaded = iter(export_loader(self.cfg, self.dataset, batches))
        for unit in units:
            seen, features, samples = DescriptorCovariance(), [], []
            count = len(self._batches(self.members[unit]))
            for _ in range(count):
                maps, of_batch = self._features(next(loaded))
                seen.update(maps)
                samples.append(of_batch)
                if kept[unit]:
                    features.append(maps)
            direction, projections = seen.principal_direction(), []
            for i in range(count):
                maps = features[i] if kept[unit] else self._features(next(loaded))[0]
                projections.append(project_descriptors(maps, seen.mean, direction))
            sign = object_sign(projections)
            records = [
                record
                for heatmaps, of_batch in zip(projections, samples, strict=True)
                for record in self._records(sign * heatmaps, of_batch)
            ]
            yield (
                unit,
                [astuple(BoxRecord(index, *record)) for index, record in zip(self.members[unit], records, strict=True)],
            )

    def _batches(self, members: Sequence[int]) -> list[list[int]]:
        return list(BatchSampler(members, self.batch_size, drop_last=False))

    def _fits(self, images: int) -> bool:
        """Whether the features of this number of images fit into the memory."""
        if not hasattr(self, '_bytes'):
            maps, _ = self._features(pseudo_collate([self.dataset[0]]))
            self._bytes = maps.numel() * maps.element_size()
        return images * self._bytes <= self.feature_bytes

    def _features(self, batch: dict[str, list]) -> tuple[Tensor, list]:
        """The last feature maps (B x N x h x w) and the samples of a collated batch."""
        inputs = self.model.data_preprocessor(dict(inputs=batch['inputs']), False)['inputs']
        maps = self.model.extract_feat(inputs)
        maps = maps[-1] if isinstance(maps, (tuple, list)) else maps
        if maps.ndim != 4:
            raise ValueError(
                f'DDT needs feature maps B x N x h x w, but {type(self.model).__name__} returns shape '
                f'{tuple(maps.shape)}. Remove the neck and the head, and let the backbone return its last maps'
            )
        return maps, batch['data_samples']

    def _records(self, heatmaps: Tensor, samples: Sequence[Any]) -> Iterator[tuple]:
        boxes = heatmaps_to_boxes(heatmaps, samples[0].img_shape[:2]).cpu()
        boxes = boxes_to_original(boxes, [sample.metainfo for sample in samples])
        for box, sample in zip(boxes, samples, strict=True):
            height, width = sample.ori_shape[:2]
            name = file_name_of(str(sample.img_path), self.dataset.data_root)
            yield name, (int(width), int(height)), int(sample.gt_label[0]), tuple(box.tolist())


def _build(cfg: Config, checkpoint: str | Path | None) -> nn.Module:
    if checkpoint is None and not _names_weights(cfg.model):
        raise ValueError(
            f'{cfg.filename}: the model must have trained weights, because random ones find nothing. Set the '
            'backbone\'s init_cfg=dict(type="Pretrained", _scope_="sltnet_mm", checkpoint=...), or give a checkpoint'
        )
    model = MODELS.build(cfg.model)
    if not hasattr(model, 'extract_feat'):
        raise ValueError(f'DDT needs a model with extract_feat, got {type(model).__name__}')
    if checkpoint is None:
        model.init_weights()
        return model
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f"checkpoint {checkpoint} does not exist. Leave it out to use the config's weights")
    load_fitting(model, load_checkpoint_file(checkpoint))
    return model


def _names_weights(settings: Any) -> bool:
    if isinstance(settings, Mapping):
        return bool(settings.get('checkpoint')) or any(_names_weights(value) for value in settings.values())
    return isinstance(settings, (list, tuple)) and any(_names_weights(value) for value in settings)


def _weights_sha256(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
