"""The inferencer for localizers, regressors and SLT-Net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, InstanceData
from torch import nn

from sltnet_mm.config import pipeline_of, type_name
from sltnet_mm.inferencer.building import box_threshold, class_names, copied_config, set_box_from
from sltnet_mm.inferencer.inputs import Image, ImageLoader, list_images
from sltnet_mm.inferencer.result import LocalizationResult, TopLabel
from sltnet_mm.map_sources.setting import with_map_source
from sltnet_mm.models.box_source import BoxChoice
from sltnet_mm.progress import track
from sltnet_mm.pseudo_boxes.box_scores import box_scores
from sltnet_mm.structures.frames import boxes_of_samples
from sltnet_mm.visualization import LocalizationVisualizer
from sltnet_mm.weights.checkpoints import existing_checkpoint, load_fitting
from sltnet_mm.weights.loading import protected_loading
from sltnet_mm.weights.wrappers import unwrap


class SLTInferencer(BaseInferencer):
    """An inferencer for the label, box and score map of images.

    The model may be SLT-Net, a localizer (a classifier with ``sltnet_mm.CAMHead``; the box is that of its score map) or
    a regressor (a detector with ``sltnet_mm.SingleBoxHead``; a box without label). Images go through the config's test
    pipeline, so predictions are those of ``tools/test.py``. For other models, use mmdet's ``DetInferencer`` or
    mmpretrain's ``ImageClassificationInferencer``.

    Args:
        config: Path of a config file, or a ``Config``, which is not changed.
        checkpoint: Path or URL of the checkpoint, which must fit the model. Class names are read from its
            ``dataset_meta``.
        device: Device, such as 'cuda:0' or 'cpu'. None: the first accelerator, or else the CPU. Defaults to None.
        box_from: The part that gives the box of an SLT-Net, 'regressor' or 'localizer' (its score map). 'auto': as in
            ``test_cfg.box_from`` of the config, by default what training chose
            (:class:`~sltnet_mm.hooks.BoxSourceHook`), so that the box is that of ``tools/generate_pseudo_boxes.py``.
            Each result says which part it was. Defaults to 'auto'.
        threshold: Threshold for boxes from score maps, as a share of the map's maximum in [0, 1). None: the config's
            ``pseudo_box.threshold``, or else the paper's 0.2. Defaults to None.
        score_map: Make SLT-Net return its score map. False: as in ``test_cfg.score_map``, which saves the localizer's
            forward pass if box and labels come from the other parts. Defaults to True.
        show_progress: Show a progress bar if there are several batches. Defaults to True.
        map_source: Take the maps of any layer, such as ``'layer_cam:backbone.layer4'``; see
            :func:`sltnet_mm.map_sources.read_setting`. The model may then be any classifier or dense detector. None:
            ``map_source`` of the config. Defaults to None.
        trust_files: Unpickle everything in the checkpoint, which runs any code that it names: only for old files that
            you made or trust as a program. None: as the environment variable ``SLTNET_TRUST_FILES`` says. Defaults to
            None.

    Raises:
        FileNotFoundError: If the config or checkpoint does not exist.
        ValueError: If ``threshold`` is out of range or has no effect, ``box_from`` is unknown or the model has no such
            part, the checkpoint does not fit, is damaged or holds more than weights and plain values, or the model is
            of another kind.

    Example: (see also docs/your_data.md)::

        inferencer = sltnet_mm.SLTInferencer('config.py', 'epoch_4.pth')
        for result in inferencer('photographs/', batch_size=16, out_dir='pictures'):
            print(result.image, result.name, result.label_score, result.box, result.box_from, result.score)
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str | None = None,
        threshold: float | None = None,
        score_map: bool = True,
        show_progress: bool = True,
        map_source: str | Mapping | None = None,
        box_from: str = 'auto',
        trust_files: bool | None = None,
    ) -> None:
        if threshold is not None and not 0 <= threshold < 1:
            raise ValueError(f'threshold must be in [0, 1), got {threshold}')
        cfg = copied_config(config)
        checkpoint = existing_checkpoint(checkpoint)
        set_box_from(cfg, box_from)
        if type_name(cfg.model).endswith('SLTNet') and score_map:
            cfg.model.test_cfg = dict(cfg.model.get('test_cfg') or {}, score_map=True)
        with_map_source(cfg, map_source)
        scope = cfg.get('default_scope', 'mmengine')
        self._asked_threshold = threshold
        # Only for building, so that the default scope of the calling program does not change.
        with DefaultScope.overwrite_default_scope(scope), protected_loading(trust_files):
            super().__init__(cfg, checkpoint, device, scope, show_progress)

    def __call__(
        self,
        inputs: Any,
        batch_size: int = 1,
        out_dir: str | Path | None = None,
        return_drawing: bool = False,
        return_datasamples: bool = False,
    ) -> list[LocalizationResult]:
        """The results of all inputs, in order; use :meth:`stream`, with the same arguments, if memory is limited."""
        return list(self.stream(inputs, batch_size, out_dir, return_drawing, return_datasamples))

    def stream(
        self,
        inputs: Any,
        batch_size: int = 1,
        out_dir: str | Path | None = None,
        return_drawing: bool = False,
        return_datasamples: bool = False,
    ) -> Iterator[LocalizationResult]:
        """Yield the results one by one, batch by batch.

        Args:
            inputs: A path or URL, a folder (its images at any depth, sorted by name), an H x W x 3 uint8 array in BGR
                order (as loaded by OpenCV), or a list of these.
            batch_size: Number of images per forward pass. Defaults to 1.
            out_dir: Folder for a picture per image, ``<number>_<name>.png``, with the box, and the score map next to
                it. None: no pictures. Defaults to None.
            return_drawing: Include the picture (RGB) in the result. Defaults to False.
            return_datasamples: Include the model's output in the result. Defaults to False.

        Yields:
            The result of each image, in the order of the inputs.

        Raises:
            TypeError: If ``inputs`` is of another type.
            ValueError: If an array has another shape or dtype, a folder has no images, or ``batch_size`` is below 1.
            BadImageError: If a file is missing, damaged or not an image; a ValueError that names the file.
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
        """The test pipeline after its loading step."""
        pipeline = pipeline_of((cfg.get('test_dataloader') or {}).get('dataset', {}))
        if not pipeline:
            raise ValueError('config must have test_dataloader.dataset.pipeline, which prepares the images. Add it')
        transforms = Compose(pipeline).transforms
        self._loader = ImageLoader(transforms)
        return Compose(transforms[1:])

    def _init_collate(self, cfg: Config) -> Any:
        """The function that collates samples into lists, whatever the config has; the model's preprocessor stacks."""
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> LocalizationVisualizer:
        settings = dict(cfg.get('visualizer') or {})
        ours = type_name(settings) == 'sltnet_mm.LocalizationVisualizer'
        kept = {key: settings[key] for key in ('min_side', 'alpha', 'font_file') if ours and key in settings}
        visualizer = LocalizationVisualizer(map_threshold=self.threshold, **kept)
        visualizer.dataset_meta = dict(classes=self.classes)
        return visualizer

    def _load_weights_to_model(self, model: nn.Module, checkpoint: dict | None, cfg: Any) -> None:
        """Check that the checkpoint fits, load it, and read the class names."""
        if checkpoint is None:
            raise ValueError('checkpoint must be given, because random weights are useless, got None')
        load_fitting(model, checkpoint)
        choose_box: Any = getattr(model, 'choose_box', None)
        if choose_box is not None:  # an SLT-Net
            choose_box(BoxChoice.of_checkpoint(checkpoint))
        self.threshold = box_threshold(model, self._asked_threshold)
        self.classes = class_names(unwrap(model), checkpoint)

    def _complete(self, sample: BaseDataElement) -> None:
        """Add the score map's box to a localizer's sample, and remove the meaningless label 0 of a regressor."""
        if 'box_from' not in sample:  # a part alone
            sample.set_metainfo(dict(box_from='regressor' if 'pred_instances' in sample else 'localizer'))
        if 'pred_instances' not in sample:
            sample.pred_instances = InstanceData(bboxes=boxes_of_samples([sample.cpu()], self.threshold).boxes)
        elif 'pred_score' not in sample:
            sample.pred_instances = InstanceData(bboxes=sample.pred_instances.bboxes)

    def visualize(self, inputs: Sequence[np.ndarray], preds: Sequence[BaseDataElement]) -> list[np.ndarray]:
        """The pictures (RGB) of BGR images with their predictions."""
        rgb = (np.ascontiguousarray(image[..., ::-1]) for image in inputs)
        return [self.visualizer.draw(image, sample, draw_gt=False) for image, sample in zip(rgb, preds, strict=True)]

    def postprocess(
        self,
        preds: Sequence[BaseDataElement],
        visualization: Sequence[np.ndarray],
        return_datasamples: bool = False,
    ) -> list[LocalizationResult]:
        """The results of a batch."""
        boxes = torch.stack([sample.pred_instances.bboxes[0] for sample in preds])
        scores = box_scores(preds, boxes)
        return [
            LocalizationResult(
                image=str(sample.img_path),
                box=tuple(boxes[i].tolist()),
                box_from=sample.box_from,
                score=None if scores is None else float(scores[i]),
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
        scores, labels = sample.pred_score.topk(min(5, len(sample.pred_score)))  # as many as Top-5 LOC needs
        return tuple(
            TopLabel(label, self.classes[label] if self.classes else None, score)
            for label, score in zip(labels.tolist(), scores.tolist(), strict=True)
        )


def _write(folder: Path, start: int, images: Sequence[Image], drawings: Sequence[np.ndarray]) -> None:
    for number, drawing in enumerate(drawings, start):
        image = images[number]
        stem = Path(image).stem if isinstance(image, str) else 'image'
        mmcv.imwrite(drawing[..., ::-1], str(folder / f'{number:06d}_{stem}.png'))
