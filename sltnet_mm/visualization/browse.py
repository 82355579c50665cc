"""Pictures of what a config's data sets hold and what its pipelines make of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS

from sltnet_mm.datasets.orientation import exif_rotated, loader_of, original_image
from sltnet_mm.evaluation.pixel_metric import read_mask
from sltnet_mm.evaluation.pixel_precision import IGNORE
from sltnet_mm.functional.boxes import clip_boxes, transform_boxes
from sltnet_mm.structures.frames import sample_boxes
from sltnet_mm.visualization.captions import Line
from sltnet_mm.visualization.drawing import GT_COLOR, PREDICTED_COLOR, draw_boxes, overlay_score_map
from sltnet_mm.visualization.grid import picture_grid

IGNORED_COLOR = (255, 160, 0)
Tile = tuple[np.ndarray, Sequence[Line]]


def original_tile(sample, classes: Sequence[str] | None, side: int, rotated: bool = True, loader: Any = None) -> Tile:
    """The original image, after EXIF rotation or not, about ``side`` pixels high, with its annotations."""
    image = original_image(sample.img_path, rotated, loader=loader)
    height, width = image.shape[:2]
    if sample.get('mask_path') is not None:
        mask = read_mask(sample.metainfo, (width, height))
        shown = np.select([mask == 1, mask == IGNORE], [1.0, 0.5], np.nan)
        image = overlay_score_map(image, shown, alpha=0.5)
    image = _fit(image, side, height)
    size = image.shape[1], image.shape[0]
    name, most = Path(str(sample.img_path)).name, size[0] // 8  # 7 pixels per letter; the end matters most
    lines: list[Line] = [name if len(name) <= most else f'…{name[-most:]}', f'{width} x {height}']
    if 'gt_label' in sample:
        label = int(sample.gt_label.reshape(-1)[0])
        lines.append(f'label {label}' + (f': {classes[label]}' if classes else ''))
    if sample.get('mask_path') is not None:
        lines.append('colors: mask')
    if in_original_pixels(sample):
        scale = np.array([size[0] / width, size[1] / height] * 2)
        for field, color, what in (
            ('ignored_instances', IGNORED_COLOR, 'boxes not evaluated'),
            ('gt_instances', GT_COLOR, 'boxes'),
        ):
            boxes = sample_boxes(sample, field).numpy()
            image = draw_boxes(image, boxes * scale, color)
            if len(boxes):
                lines.append((f'{what}: {len(boxes)}', color))
    return image, lines


def input_tiles(packed: dict, side: int) -> list[Tile]:
    """The tiles of one draw of the pipeline: the input with its boxes, and the ten crops if there are any."""
    sample = packed['data_samples']
    image = to_rgb(packed['inputs'])
    boxes = sample_boxes(sample, 'gt_instances')
    color = PREDICTED_COLOR
    if in_original_pixels(sample):
        boxes = transform_boxes(boxes, torch.as_tensor(np.asarray(sample.homography_matrix)))
        boxes, color = clip_boxes(boxes, image.shape[:2]), GT_COLOR
    text = f'{image.shape[1]} x {image.shape[0]}' + (', flipped' if sample.get('flip') else '')
    tiles: list[Tile] = [(_fit(draw_boxes(image, boxes.numpy(), color), side), [text])]
    if 'crops' in sample:
        tiles += [(_fit(to_rgb(crop), side), [f'crop {number}']) for number, crop in enumerate(sample.crops, 1)]
    return tiles


def in_original_pixels(sample) -> bool:
    """Whether boxes are in original pixels, as after our packer, or in input pixels, as after mmdet's."""
    return type(sample).__name__ != 'DetDataSample'


def to_rgb(inputs: torch.Tensor) -> np.ndarray:
    """A packed image (C x H x W uint8, BGR or gray) as H x W x 3 RGB."""
    image = inputs.permute(1, 2, 0).numpy()
    return np.ascontiguousarray(image[..., ::-1] if image.shape[2] == 3 else image[..., :1].repeat(3, 2))


def _fit(image: np.ndarray, side: int, length: int | None = None) -> np.ndarray:
    """The image with ``length`` (default: longer side) at most ``side``; a small image is enlarged by an integer."""
    length = length or max(image.shape[:2])
    if length <= side:
        return image.repeat(side // length, axis=0).repeat(side // length, axis=1)
    size = [max(1, round(edge * side / length)) for edge in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def browse(cfg: Config, split: str, number: int, draws: int, side: int, seed: int) -> np.ndarray:
    """The picture of one split, H x W x 3 uint8 RGB.

    Args:
        cfg: A config with ``<split>_dataloader``.
        split: 'train', 'val' or 'test'.
        number: Number of images, evenly spaced over the split.
        draws: Number of draws per image of 'train'.
        side: Largest height of a tile in pixels.
        seed: Seed of the pipeline's random transforms.
    """
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(number, len(dataset))).round().astype(int))
    np.random.seed(seed)
    rotated, loader = exif_rotated(dataset), loader_of(dataset)
    rows = []
    for index in chosen.tolist():
        packed = [dataset[index] for _ in range(draws if split == 'train' else 1)]
        first = original_tile(packed[0]['data_samples'], dataset.metainfo.get('classes'), side, rotated, loader)
        rows.append([first, *(tile for each in packed for tile in input_tiles(each, side))])
    return picture_grid(rows)
