"""PixelAveragePrecision: PxAP and peak pIoU of a localizer's score maps, for mmengine's evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import mmcv
import numpy as np
from mmengine.dist import get_world_size
from mmengine.evaluator import BaseMetric
from mmengine.fileio import get

from sltnet_mm.evaluation.pixel_precision import IGNORE, image_histograms, precision_numbers
from sltnet_mm.evaluation.prediction_maps import predicted_score_map
from sltnet_mm.evaluation.protocols import Protocol, get_protocol
from sltnet_mm.evaluation.samples import field, image_name
from sltnet_mm.registry import METRICS


@METRICS.register_module()
class PixelAveragePrecision(BaseMetric):
    """Pixel average precision (``pxap``) and peak pixel IoU (``piou``, at ``piou_threshold``) on masks, in percent.

    Read from each prediction:

    - the map that the protocol names (see ``LocalizationMetric``), and ``img_shape``;
    - ``mask_path``: one image file of any size, or a list of several, whose union is used; pixels above 0 are object;
    - ``ignore_mask_path`` (OpenImages30k only): pixels above 0 that are not object are ignored.

    Masks are resized to the network input by nearest-neighbor interpolation, as in wsolevaluation. The input must
    therefore be the whole image, resized.

    Args:
        protocol: Protocol whose map, resizing and normalization are used: ``wsolevaluation``, or ``sltnet`` for
            ``pred_score_map``; or a preset with changes, see :func:`get_protocol`.
        collect_device: As in mmengine's ``BaseMetric``.
        prefix: Put in front of every metric's name.

    Raises:
        KeyError: If a prediction lacks its map or mask; the message names the image.
        FileNotFoundError: If a mask file does not exist; the message names the image.
        ValueError: If ``protocol`` takes boxes only, or a map or mask is invalid; the message names the image.
    """

    def __init__(
        self,
        protocol: str | Mapping | Protocol = 'wsolevaluation',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix or 'unused')  # without one, the base class warns
        self.prefix = prefix
        self.protocol = get_protocol(protocol)
        if self.protocol.map is None:
            raise ValueError(f'protocol must be one for maps, got {self.protocol}')

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Add each prediction to the histograms.

        A distributed run keeps one histogram per image, since some images are repeated; otherwise, one histogram is
        kept for all.
        """
        for sample in data_samples:
            height, width = tuple(field(sample, 'img_shape', 'pack with sltnet_mm.PackLocalizationInputs'))[:2]
            score_map = predicted_score_map(sample, (int(width), int(height)), self.protocol)
            histograms = image_histograms(score_map, read_mask(sample, (int(width), int(height))), image_name(sample))
            if self.results and get_world_size() == 1:
                self.results[0] += histograms
            else:
                self.results.append(histograms)

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """The metrics over all images.

        Raises:
            ValueError: If there is no image or no object pixel.
        """
        if not results:
            raise ValueError('there is nothing to evaluate: no prediction reached the metric (is the data set empty?)')
        return precision_numbers(np.sum(results, axis=0))


def read_mask(sample: dict, size: tuple[int, int]) -> np.ndarray:
    """The mask of a prediction, (H, W) uint8 at ``size`` (width, height): 0 background, 1 object, 255 ignored.

    Raises:
        KeyError: If the prediction has no ``mask_path``; the message names the image.
        FileNotFoundError: If a file does not exist; the message names the image.
        ValueError: If a file is not an image; the message names the image.
    """
    objects = _union(field(sample, 'mask_path', 'PxAP needs a data set with masks'), sample, size)
    mask = objects.astype(np.uint8)
    if sample.get('ignore_mask_path') is not None:
        mask[_union(sample['ignore_mask_path'], sample, size) & ~objects] = IGNORE
    return mask


def _union(paths: str | Sequence[str], sample: dict, size: tuple[int, int]) -> np.ndarray:
    masks = [_read(path, sample) for path in ((paths,) if isinstance(paths, str) else paths)]
    resized = [cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) for mask in masks]
    return np.logical_or.reduce([mask > 0 for mask in resized])


def _read(path: str, sample: dict) -> np.ndarray:
    try:
        mask = mmcv.imfrombytes(get(path), flag='unchanged')
    except FileNotFoundError as error:
        raise FileNotFoundError(f'image {image_name(sample)!r}: mask {path} does not exist') from error
    if mask is None:
        raise ValueError(f'image {image_name(sample)!r}: mask {path} is not an image')
    return mask if mask.ndim == 2 else mask[..., :3].max(-1)  # an alpha channel does not mark the object
