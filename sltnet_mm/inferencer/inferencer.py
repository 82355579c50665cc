"""The inferencer of localizers, regressors and SLT-Nets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.structures import BaseDataElement, InstanceData
from torch import nn

from sltnet_mm.functional.boxes import score_map_to_box
from sltnet_mm.inferencer.building import box_threshold, class_names, existing_checkpoint, load_config
from sltnet_mm.inferencer.inputs import Image, ImageLoader, list_images
from sltnet_mm.inferencer.result import LocalizationResult, TopLabel
from sltnet_mm.progress import track
from sltnet_mm.structures.frames import boxes_to_original
from sltnet_mm.visualization import LocalizationVisualizer
from sltnet_mm.weights.checkpoints import check_fit


class SLTInferencer(BaseInferencer):
    """Label, box and score map of images, by a config and its checkpoint.

    Takes SLT-Net, a localizer (a classifier with ``sltnet_mm.CAMHead``: the box is that of its score map) and a
    regressor (a detector with ``sltnet_mm.SingleBoxHead``: a box without label). Images go through the config's test
    pipeline, so that the predictions are those of ``tools/test.py``. Other detectors and classifiers have mmdet's
    ``DetInferencer`` and mmpretrain's ``ImageClassificationInferencer``.

    Args:
        config: Path of a config file, or a ``Config``, which is not changed.
        checkpoint: Path or URL of its checkpoint. It is required and must fit: nothing is predicted by random weights.
            Class names are read from its ``dataset_meta``.
        device: 'cuda:0', 'cpu', ...; the first accelerator where there is one, by default.
        threshold: Share of the score map's maximum that bounds the object, in [0, 1), for boxes made from score maps.
            None: the config's ``pseudo_box.threshold``, else the paper's 0.2.
        score_map: Have SLT-Net give its score map, whatever ``test_cfg.score_map`` says; False leaves that as it is,
            and saves the localizer's pass where box and labels come from the other parts.
        show_progress: Show a bar where there is more than one batch.

    Raises:
        FileNotFoundError: The config or checkpoint does not exist.
        ValueError: The checkpoint does not fit, the model is of another kind, or ``threshold`` cannot have an effect.

    Example: (see also docs/your_data.md)::

        inferencer = sltnet_mm.SLTInferencer('config.py', 'epoch_4.pth')
        for result in inferencer('photographs/', batch_size=16, out_dir='pictures'):
            print(result.image, result.name, result.score, result.box)
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str | None = None,
        threshold: float | None = None,
        score_map: bool = True,
        show_progress: bool = True,
    ) -> None:
        if threshold is not None and not 0 <= threshold < 1:
            raise ValueError(f'threshold must be in [0, 1), got {threshold}')
        cfg = load_config(config)
        checkpoint = existing_checkpoint(checkpoint)
        if str(cfg.model.type).endswith('SLTNet') and score_map:
            cfg.model.test_cfg = dict(cfg.model.get('test_cfg') or {}, score_map=True)
        scope = cfg.get('default_scope', 'mmengine')
        self._asked_threshold = threshold
        # Only while building: the scope of the surrounding program stays what it was.
        with DefaultScope.overwrite_default_scope(scope):
            super().__init__(cfg, checkpoint, device, scope, show_progress)

    def __call__(
        self,
        inputs: Any,
        batch_size: int = 1,
        out_dir: str | Path | None = None,
        return_drawing: bool = False,
        return_datasamples: bool = False,
    ) -> list[LocalizationResult]:
        """The results of all inputs, in order; arguments as in :meth:`stream`, which suits more than memory holds."""
        return list(self.stream(inputs, batch_size, out_dir, return_drawing, return_datasamples))

    def stream(
        self,
        inputs: Any,
        batch_size: int = 1,
        out_dir: str | Path | None = None,
        return_drawing: bool = False,
        return_datasamples: bool = False,
    ) -> Iterator[LocalizationResult]:
        """Results one by one, as the batches are done.

        Args:
            inputs: A path or URL, a folder (its images at any depth, by name), an H x W x 3 uint8 array in BGR order
                (as OpenCV loads it), or a list of these.
            batch_size: Images a forward pass.
            out_dir: Write a picture of each here, ``<number>_<name>.png``: the box, and the score map beside it.
            return_drawing: Put the picture (RGB) into the result too.
            return_datasamples: Put the model's own output into the result too.

        Raises:
            TypeError, ValueError: Inputs of another kind, a batch size below 1.
            BadImageError: (a ValueError) a file is missing, damaged or no image; the message names it.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        images = list_images(inputs)
        starts = range(0, len(images), batch_size)
        for start in track(starts, 'Inference') if self.show_progress else starts:
            loaded = [self._loader(image, start + i) for i, image in enumerate(images[start : start + batch_size])]
            originals = [results['img'] for results in loaded]
            samples = self.forward(self.collate_fn([self.pipeline(dict(results)) for results in loaded]))
            for sample in samples:
                self._complete(sample)
            drawings = self.visualize(originals, samples) if return_drawing or out_dir is not None else []
            if out_dir is not None:
                _write(Path(out_dir), start, images, drawings)
            yield from self.postprocess(samples, drawings if return_drawing else [], return_datasamples)

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline behind its loading step."""
        dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
        while 'dataset' in dataset:  # wrappers such as RepeatDataset
            dataset = dataset['dataset']
        if not dataset.get('pipeline'):
            raise ValueError('config has no test_dataloader.dataset.pipeline, by which images are prepared')
        transforms = Compose(dataset['pipeline']).transforms
        self._loader = ImageLoader(transforms)
        return Compose(transforms[1:])

    def _init_collate(self, cfg: Config) -> Any:
        """Lists, whatever the config collates with: the models' preprocessors stack them."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> LocalizationVisualizer:
        settings = dict(cfg.get('visualizer') or {})
        ours = settings.pop('type', None) == 'sltnet_mm.LocalizationVisualizer'
        kept = {key: settings[key] for key in ('min_side', 'alpha', 'font_file') if ours and key in settings}
        visualizer = LocalizationVisualizer(map_threshold=self.threshold, **kept)
        visualizer.dataset_meta = dict(classes=self.classes)
        return visualizer

    def _load_weights_to_model(self, model: nn.Module, checkpoint: dict | None, cfg: Any) -> None:
        """Refuse a checkpoint that does not fit, then load it and read the class names."""
        if checkpoint is None:
            raise ValueError('checkpoint must be given: nothing is predicted by random weights')
        check_fit(model, checkpoint)
        _load_checkpoint_to_model(model, checkpoint)
        self.threshold = box_threshold(model, self._asked_threshold)
        self.classes = class_names(model, checkpoint)

    def _complete(self, sample: BaseDataElement) -> None:
        """Give a localizer's sample the box of its map, and take the regressor's label 0, which means nothing."""
        if 'pred_instances' not in sample:
            box = score_map_to_box(sample.pred_score_map, self.threshold)[None].cpu()
            sample.pred_instances = InstanceData(bboxes=boxes_to_original(box, [sample.metainfo]))
        elif 'pred_score' not in sample:
            sample.pred_instances = InstanceData(bboxes=sample.pred_instances.bboxes)

    def visualize(self, inputs: Sequence[np.ndarray], preds: Sequence[BaseDataElement]) -> list[np.ndarray]:
        """Pictures (RGB) of BGR images with their predictions."""
        rgb = (np.ascontiguousarray(image[..., ::-1]) for image in inputs)
        return [self.visualizer.draw(image, sample, draw_gt=False) for image, sample in zip(rgb, preds, strict=True)]

    def postprocess(
        self,
        preds: Sequence[BaseDataElement],
        visualization: Sequence[np.ndarray],
        return_datasamples: bool = False,
    ) -> list[LocalizationResult]:
        """The results of a batch."""
        return [
            LocalizationResult(
                image=str(sample.img_path),
                box=tuple(sample.pred_instances.bboxes[0].tolist()),
                top_labels=self._top_labels(sample),
                ori_shape=tuple(sample.ori_shape[:2]),
                input_score_map=sample.pred_score_map.cpu().numpy() if 'pred_score_map' in sample else None,
                homography_matrix=np.asarray(sample.homography_matrix, np.float64),
                drawing=visualization[i] if len(visualization) else None,
                data_sample=sample if return_datasamples else None,
            )
            for i, sample in enumerate(preds)
        ]

    def _top_labels(self, sample: BaseDataElement) -> tuple[TopLabel, ...]:
        if 'pred_score' not in sample:
            return ()
        scores, labels = sample.pred_score.topk(min(5, len(sample.pred_score)))  # as many as Top-5 LOC looks at
        return tuple(
            TopLabel(label, self.classes[label] if self.classes else None, score)
            for label, score in zip(labels.tolist(), scores.tolist(), strict=True)
        )


def _write(folder: Path, start: int, images: Sequence[Image], drawings: Sequence[np.ndarray]) -> None:
    for number, drawing in enumerate(drawings, start):
        image = images[number]
        stem = Path(image).stem if isinstance(image, str) else 'image'
        mmcv.imwrite(drawing[..., ::-1], str(folder / f'{number:06d}_{stem}.png'))
