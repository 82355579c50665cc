"""Heads of the regressor on frozen features must find objects in places, and on images, that they never saw."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import Tensor

from sltnet_mm.functional import box_iou
from sltnet_mm.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'models'
NETWORKS = sorted(path.stem.removeprefix('regressor_') for path in CONFIGS.glob('regressor_*.py'))
SIDE, PIXELS = 224, 56  # the network input that boxes are in, and the drawn images
TRAIN, TEST, STEPS = 300, 200, 100


def drawn_images(number: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise with one bright, striped rectangle anywhere, 3/10 to 7/10 of each side, and its box in input pixels."""
    images = torch.rand(number, 3, PIXELS, PIXELS, generator=generator)
    sizes = (0.3 + 0.4 * torch.rand(number, 2, generator=generator)) * PIXELS
    corners = (PIXELS - sizes) * torch.rand(number, 2, generator=generator)
    boxes = torch.cat([corners, corners + sizes], dim=1).round()
    for image, (x1, y1, x2, y2) in zip(images, boxes.int().tolist(), strict=True):
        image[:, y1:y2, x1:x2] *= 0.4
        image[:, y1:y2, x1:x2] += 0.6 * (torch.arange(x2 - x1) % 4 < 2)
    return images, boxes * SIDE / PIXELS


def frozen_features(images: Tensor, channels: int, cells: int) -> Tensor:
    """Random projections, with ReLU, of what each cell sees: B x channels x cells x cells, of mean square 1."""
    generator = torch.Generator().manual_seed(5)
    sides = F.interpolate(images - 0.5, size=4 * cells, mode='area')
    weight = torch.randn(channels, 3 * 4 * 4, generator=generator) / 7
    features = F.relu(F.conv2d(sides, weight.view(channels, 3, 4, 4), stride=4))
    return features / features.square().mean().sqrt()


def share_localized(settings: dict, cells: int) -> float:
    """Train a head for a few steps on frozen features; the share of other images that it localizes (IoU > 0.5)."""
    generator = torch.Generator().manual_seed(1)
    images, boxes = drawn_images(TRAIN + TEST, generator)
    features = frozen_features(images, settings['in_channels'], cells)
    torch.manual_seed(0)
    head = MODELS.build(settings)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    target = boxes / head.downsample
    for _ in range(STEPS):
        batch = torch.randint(TRAIN, (16,), generator=generator)
        loss = F.smooth_l1_loss(head((features[batch],)), target[batch], reduction='none').sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        found = head.predict_boxes((features[TRAIN:],), (SIDE, SIDE))
    return float((box_iou(found, boxes[TRAIN:]).diagonal() > 0.5).float().mean())


@pytest.mark.parametrize('network', NETWORKS)
def test_the_configs_heads_find_other_places(network):
    settings = dict(Config.fromfile(CONFIGS / f'regressor_{network}.py').model.bbox_head)
    side = settings.get('input_size', SIDE)
    settings.update(input_size=SIDE, downsample=settings.get('downsample', 16) * SIDE / side)
    if 'stride' in settings:
        settings['stride'] = SIDE / 7
    settings['in_channels'] = min(settings['in_channels'], 256)  # more random projections only cost time
    assert share_localized(settings, cells=7) > 0.6


def test_the_mean_over_the_cells_does_not():
    """The task is one that needs the layout."""
    mean = dict(type='sltnet_mm.SingleBoxHead', in_channels=512, pool_size=None, reduce_channels=None)
    assert share_localized(mean, cells=7) < 0.4


@pytest.mark.parametrize(
    'head',
    [
        dict(type='sltnet_mm.SingleBoxHead', reduce_channels=None),
        dict(type='sltnet_mm.SingleBoxHead', reduce_kernel=1),
        dict(type='sltnet_mm.SoftArgmaxBoxHead', stride=SIDE / 7),
    ],
    ids=['flattened', 'reduced-1x1', 'soft-argmax'],
)
def test_each_kind_of_head_finds_other_places(head):
    assert share_localized(dict(head, in_channels=256), cells=7) > 0.6
