#!/usr/bin/env python
"""Look at what the network sees: python tools/analysis_tools/browse_dataset.py CONFIG [--data-root FOLDER].

One picture a split, a row an image: the original with the evaluation boxes (white; boxes that are not evaluated in
orange; masks laid over it, yellow object, teal ignored), then what comes out of the split's pipeline, with the boxes
moved there. Training shows several draws, which carry no box unless the data set is one of pseudo boxes (red); ten
crops are shown side by side.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from sltnet_mm.command_line import add_common_arguments, load_config
from sltnet_mm.datasets.orientation import exif_rotated
from sltnet_mm.evaluation.pixel_metric import read_mask
from sltnet_mm.evaluation.pixel_precision import IGNORE
from sltnet_mm.functional.boxes import clip_boxes, transform_boxes
from sltnet_mm.visualization import (
    PREDICTED_COLOR,
    TRUE_COLOR,
    draw_boxes,
    original_image,
    overlay_score_map,
    picture_grid,
    sample_boxes,
)
from sltnet_mm.visualization.captions import Line

IGNORED_COLOR = (255, 160, 0)
Tile = tuple[np.ndarray, Sequence[Line]]


def original_tile(sample, classes: Sequence[str] | None, side: int, rotated: bool = True) -> Tile:
    """The original image, turned by EXIF or not, about ``side`` pixels high, with all that evaluation knows of it."""
    image = original_image(sample.img_path, rotated)
    height, width = image.shape[:2]
    if sample.get('mask_path') is not None:
        mask = read_mask(sample.metainfo, (width, height))
        shown = np.select([mask == 1, mask == IGNORE], [1.0, 0.5], np.nan)
        image = overlay_score_map(image, shown, alpha=0.5)
    image = _fit(image, side, height)
    size = image.shape[1], image.shape[0]
    name, most = Path(str(sample.img_path)).name, size[0] // 8  # letters are about 7 pixels wide, the end tells more
    lines: list[Line] = [name if len(name) <= most else f'…{name[-most:]}', f'{width} x {height}']
    if 'gt_label' in sample:
        label = int(sample.gt_label.reshape(-1)[0])
        lines.append(f'label {label}' + (f': {classes[label]}' if classes else ''))
    if sample.get('mask_path') is not None:
        lines.append('colored: the mask')
    if in_original_pixels(sample):
        scale = np.array([size[0] / width, size[1] / height] * 2)
        for field, color, what in (
            ('ignored_instances', IGNORED_COLOR, 'boxes not evaluated'),
            ('gt_instances', TRUE_COLOR, 'boxes'),
        ):
            boxes = sample_boxes(sample, field).numpy()
            image = draw_boxes(image, boxes * scale, color)
            if len(boxes):
                lines.append((f'{what}: {len(boxes)}', color))
    return image, lines


def input_tiles(packed: dict, side: int) -> list[Tile]:
    """What one draw of the pipeline gives: the input with its boxes, or the ten crops."""
    sample = packed['data_samples']
    image = to_rgb(packed['inputs'])
    boxes = sample_boxes(sample, 'gt_instances')
    color = PREDICTED_COLOR
    if in_original_pixels(sample):
        boxes = transform_boxes(boxes, torch.as_tensor(np.asarray(sample.homography_matrix)))
        boxes, color = clip_boxes(boxes, image.shape[:2]), TRUE_COLOR
    text = f'{image.shape[1]} x {image.shape[0]}' + (', flipped' if sample.get('flip') else '')
    tiles: list[Tile] = [(_fit(draw_boxes(image, boxes.numpy(), color), side), [text])]
    if 'crops' in sample:
        tiles += [(_fit(to_rgb(crop), side), [f'crop {number}']) for number, crop in enumerate(sample.crops, 1)]
    return tiles


def in_original_pixels(sample) -> bool:
    """Whether the boxes lie on the original image: our packer keeps them there, mmdet's moves them to the input."""
    return type(sample).__name__ != 'DetDataSample'


def to_rgb(inputs: torch.Tensor) -> np.ndarray:
    """A packed image, C x H x W uint8 BGR or gray, as H x W x 3 RGB."""
    image = inputs.permute(1, 2, 0).numpy()
    return np.ascontiguousarray(image[..., ::-1] if image.shape[2] == 3 else image[..., :1].repeat(3, 2))


def _fit(image: np.ndarray, side: int, length: int | None = None) -> np.ndarray:
    """The image with ``length`` (default: its longer side) at most ``side``; small ones enlarged by a whole factor."""
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
        number: Images, spread evenly over the split.
        draws: How often the pipeline of 'train' is called for each.
        side: Largest height of a tile in pixels.
        seed: Of what is random in the pipeline.
    """
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(number, len(dataset))).round().astype(int))
    np.random.seed(seed)
    rotated = exif_rotated(dataset)
    rows = []
    for index in chosen.tolist():
        packed = [dataset[index] for _ in range(draws if split == 'train' else 1)]
        first = original_tile(packed[0]['data_samples'], dataset.metainfo.get('classes'), side, rotated)
        rows.append([first, *(tile for each in packed for tile in input_tiles(each, side))])
    return picture_grid(rows)


def main() -> None:
    """Draw the splits, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser)
    parser.add_argument('--splits', nargs='+', choices=('train', 'val', 'test'), default=['train', 'val', 'test'])
    parser.add_argument('--number', type=int, default=6, help='images a split (default: %(default)s)')
    parser.add_argument('--draws', type=int, default=3, help='draws of the training pipeline (default: %(default)s)')
    parser.add_argument('--side', type=int, default=240, help='largest height of a picture (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of what is random (default: %(default)s)')
    parser.add_argument('--out', type=Path, help='folder of the pictures; default: the work directory')
    args = parser.parse_args()
    for name in ('number', 'draws', 'side'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    cfg = load_config(args)
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')  # a file of _base_/datasets has none
    for split in args.splits:
        if cfg.get(f'{split}_dataloader') is None:
            print(f'{split}: the config has no {split}_dataloader')
            continue
        picture = browse(cfg, split, args.number, args.draws, args.side, args.seed)
        path = (args.out or Path(cfg.work_dir)) / f'browse_{split}.png'
        mmcv.imwrite(picture[..., ::-1], str(path))
        print(f'{split}: {path}')


if __name__ == '__main__':
    main()
