"""LocalizationMetric: classification and localization accuracy under any number of protocols from one pass."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from sltnet_mm.evaluation.image_scores import BoxScore, ImageFrame, score_box, score_map_at
from sltnet_mm.evaluation.samples import EvaluatedImage, field, image_name, read_image, to_numpy
from sltnet_mm.evaluation.summary import classification_numbers, fixed_numbers
from sltnet_mm.functional.map_resize import protocol_score_map
from sltnet_mm.functional.protocols import Protocol, get_protocol
from sltnet_mm.functional.threshold_boxes import check_score_map
from sltnet_mm.registry import METRICS

SOURCES = ('map', 'box')
CENTER_SHARE = .5**.5
"""Share of each side that the centre box covers: half of the image's area, as many WSOL objects do."""


@METRICS.register_module()
class LocalizationMetric(BaseMetric):
    """Classification and localization accuracy, in percent, of the localizer's maps, the regressor's boxes, and both side by side.

    Names of the numbers: ``cls/top1``, ``cls/top5`` (where the model predicts ``pred_score``; with fewer than 5 classes top-5 means
    all of them) and ``<source>/<protocol>/<number>`` with source ``map`` (box from the localizer's map), ``box`` (``pred_instances``) or ``center``
    (baseline), and number ``gt_known``, ``top1_loc``, ``top5_loc`` (the class is among the first k and the box is right),
    ``mean_iou``, and ``error_<kind>``, the shares of the kinds of ``sltnet_mm.functional.localization.error_kind``.

    Reads from each prediction: ``gt_instances`` (``bboxes`` n x 4 xyxy in pixels of the original image, ``labels``), ``gt_label``, ``ori_shape``,
    ``img_shape``, ``homography_matrix``, ``img_id``; and ``pred_score`` (C,), ``pred_score_map`` (H, W) in [0, 1], ``pred_maps`` (raw low-resolution
    ``top_k``, ``top_1``, ``label``), ``pred_instances`` (``bboxes`` of the original image; the first row's box counts).
    A box from a map is brought to the original image by the inverse of ``homography_matrix``: crop, scale and flip are undone.

    Args:
        protocols: Names of presets, or ``Protocol`` objects.
        sources: ``map``, ``box``, several of them, or ``auto``: whatever the first prediction carries.
        baselines: ``center`` adds a centred box of ``sqrt(1/2)`` of each side (half the image).
        collect_device: See mmengine's ``BaseMetric``.
        prefix: Put before every number's name.

    Raises:
        KeyError: If a protocol has no preset, or a prediction lacks what a source needs (the message names the image).
        ValueError: If an image has no true box, or an argument is none of the allowed.

    Example:
        >>> import torch
        >>> metric = LocalizationMetric(sources='box')
        >>> metric.process({}, [dict(img_id=7, ori_shape=(8, 8), img_shape=(8, 8), homography_matrix=np.eye(3), gt_label=torch.tensor([1]),
        ...     pred_score=torch.tensor([.2, .8]), pred_instances=dict(bboxes=torch.tensor([[0., 0, 4, 3]])),
        ...     gt_instances=dict(bboxes=torch.tensor([[0., 0, 4, 4]]), labels=torch.tensor([1])))])
        >>> numbers = metric.evaluate(size=1)
        >>> numbers['cls/top1'], numbers['box/sltnet/gt_known'], numbers['box/sltnet/mean_iou']
        (100.0, 100.0, 75.0)
    """

    def __init__(self, protocols: Sequence[str | Protocol] = ('sltnet', ), sources: str | Sequence[str] = 'auto',
                 baselines: Sequence[str] = (), collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix or 'unused')  # without one, the base class warns
        self.prefix = prefix
        self.protocols = [get_protocol(protocol) for protocol in ((protocols, ) if isinstance(protocols, str | Protocol) else protocols)]
        self.sources = None if sources == 'auto' else _allowed('sources', sources, SOURCES)
        self.baselines = _allowed('baselines', baselines, ('center', ))

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep a few numbers of every prediction (its maps are not kept)."""
        for sample in data_samples:
            image = read_image(sample)
            frame = _frame(sample, image)
            sources = self._sources(sample)
            scores = {(source, protocol.name): self._score(source, sample, frame, protocol)
                      for source in (*sources, *self.baselines) for protocol in self.protocols if source != 'map' or protocol.map}
            self.results.append((image, scores))

    def compute_metrics(self, results: list[tuple[EvaluatedImage, dict[tuple[str, str], BoxScore]]]) -> dict[str, float]:
        """Return the numbers of all images.

        Raises:
            ValueError: If there is no image, an image occurs twice, or predictions differ in what they carry.
        """
        if not results:
            raise ValueError('there is nothing to evaluate: no prediction reached LocalizationMetric (is the data set empty?)')
        images = [image for image, _ in results]
        _check_unique(images)
        keys = list(results[0][1])
        for image, scores in results:
            if list(scores) != keys:
                raise ValueError(f'image {image.img_id!r} was scored for {list(scores)}, the first image for {keys}: '
                                 'name the sources instead of sources="auto"')
        numbers = classification_numbers(images)
        protocols = {protocol.name: protocol for protocol in self.protocols}
        for source, name in keys:
            of_images = [scores[source, name] for _, scores in results]
            numbers.update({f'{source}/{name}/{number}': value
                            for number, value in fixed_numbers(images, of_images, protocols[name]).items()})
        return numbers

    def _sources(self, sample: dict) -> tuple[str, ...]:
        if self.sources is None:
            present = dict(map='pred_score_map' in sample or 'pred_maps' in sample, box='pred_instances' in sample)
            self.sources = tuple(source for source in SOURCES if present[source])
            if not self.sources and not self.baselines:
                raise KeyError(f'image {image_name(sample)!r}: the prediction has none of pred_score_map, pred_maps, pred_instances: '
                               f'there is nothing to localize with; it has {sorted(sample)}')
        return self.sources

    def _score(self, source: str, sample: dict, frame: ImageFrame, protocol: Protocol) -> BoxScore:
        if source == 'map':
            score_map = _score_map(sample, frame, protocol)
            try:
                check_score_map(score_map)
            except ValueError as error:
                raise ValueError(f'image {frame.image.img_id!r}: {error}') from error
            return score_map_at(score_map, protocol.thresholds[0], frame, protocol)
        if source == 'center':
            width, height = frame.image.size
            margin = (1 - CENTER_SHARE) / 2
            box = np.array([width * margin, height * margin, width * (1 - margin), height * (1 - margin)])
        else:
            boxes = to_numpy(field(sample, 'pred_instances', 'a regressor gives it; use sources="map" for a localizer')['bboxes'])
            if len(boxes) == 0 or not np.isfinite(boxes[0]).all():
                raise ValueError(f'image {frame.image.img_id!r}: pred_instances must hold a finite box, got {boxes.tolist()}')
            box = boxes[0]
        return score_box(box, frame, protocol)


def _allowed(name: str, values: str | Sequence[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = (values, ) if isinstance(values, str) else tuple(values)
    if not set(values) <= set(allowed):
        raise ValueError(f'{name} must be among {allowed}, got {values}')
    return values


def _frame(sample: dict, image: EvaluatedImage) -> ImageFrame:
    hint = 'test with transforms that record it (sltnet_mm.ResizeCrop, mmdet.Resize) and pack with sltnet_mm.PackLocalizationInputs'
    height, width = tuple(field(sample, 'img_shape', hint))[:2]
    return ImageFrame(image, to_numpy(field(sample, 'homography_matrix', hint)), (int(width), int(height)))


def _score_map(sample: dict, frame: ImageFrame, protocol: Protocol) -> np.ndarray:
    """Return the protocol's score map at the network input's size."""
    as_predicted = (protocol.map, protocol.interpolation, protocol.order, protocol.normalization) == ('top_k', 'linear', 'resize_first', 'minmax')
    if as_predicted and sample.get('pred_score_map') is not None:
        score_map = to_numpy(sample['pred_score_map'])
        if score_map.shape != frame.input_size[::-1]:
            raise ValueError(f'image {frame.image.img_id!r}: pred_score_map must have the network input\'s size (height, width) '
                             f'{frame.input_size[::-1]}, got {score_map.shape}')
        return score_map
    hint = f'protocol {protocol.name} takes it; let the localizer return its raw maps'
    maps = field(sample, 'pred_maps', hint)
    if maps.get(protocol.map) is None:
        raise KeyError(f'image {frame.image.img_id!r}: pred_maps has no {protocol.map!r} map: {hint}; it has {sorted(maps)}')
    try:
        return protocol_score_map(to_numpy(maps[protocol.map]), frame.input_size, protocol)
    except ValueError as error:
        raise ValueError(f'image {frame.image.img_id!r}, map {protocol.map!r}: {error}') from error


def _check_unique(images: list[EvaluatedImage]) -> None:
    seen: set[str] = set()
    for image in images:
        if image.img_id in seen:
            raise ValueError(f'image {image.img_id!r} was evaluated twice: img_id must be unique in a data set')
        seen.add(image.img_id)
