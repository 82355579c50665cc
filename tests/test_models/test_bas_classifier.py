"""BAS: a step against a plain version with a true copy of the later layers, maps, and what it refuses."""

import copy

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples
from mmengine.registry import DefaultScope
from torch import nn

from sltnet_mm.models import BASClassifier

HEAD = dict(type='sltnet_mm.CAMHead', num_classes=5, in_channels=6, conv_channels=(7,), top_k=2)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU()
        )

    def forward(self, inputs):
        return (self.features(inputs),)


def make(**settings):
    torch.manual_seed(0)
    settings = dict(mask_layer='backbone.features.1', mask_channels=4, foreground_weight=0.5) | settings
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = BASClassifier(Backbone(), HEAD, **settings)
    nn.init.normal_(model.head.cam.weight)
    return model


def later(model, features):
    """Class maps of features behind the second layer, one by one."""
    for layer in (*model.backbone.features[2:], *model.head.convs, model.head.cam):
        features = layer(features)
    return features


def plain_losses(model, images, labels):
    frozen = copy.deepcopy(model).requires_grad_(False)
    losses = dict(loss_cls=0.0, loss_background=0.0, loss_area=0.0, loss_foreground=0.0)
    ratios = []
    for image, label in zip(images, labels, strict=True):
        features = model.backbone.features[:2](image[None])
        mask = torch.sigmoid(model.masks(features))[0, label]
        maps = later(model, features)[0]
        target = torch.tensor([label])
        losses['loss_cls'] += F.cross_entropy(maps.mean((1, 2))[None], target) / len(labels)
        background = later(frozen, features.detach() * (1 - mask))[0, label].clamp(min=0).mean()
        ratios.append(background / (maps[label].clamp(min=0).mean().detach() + 1e-8))
        losses['loss_background'] += (ratios[-1] if ratios[-1] < 1 else 0 * ratios[-1]) / len(labels)
        losses['loss_area'] += 0.7 * mask.mean() / len(labels)
        shown = later(model, features * mask)[0].mean((1, 2))
        losses['loss_foreground'] += 0.5 * F.cross_entropy(shown[None], target) / len(labels)
    return losses, ratios


def test_bas_step():
    model, images, labels = make(), torch.randn(20, 3, 8, 8), 5 * LABELS
    with torch.no_grad():
        model.masks.weight.mul_(8)
    expected, ratios = plain_losses(model, images, labels)
    assert any(0 < ratio < 1 for ratio in ratios)
    assert_same_step(model.loss(images, make_samples(labels)), expected, model)


@pytest.mark.parametrize(('factor', 'expected'), [(0.5, 0.5), (0.9, 0.9), (1.5, 0.0)])
def test_a_background_more_active_than_the_image_does_not_count(monkeypatch, factor, expected):
    model, images = make(), torch.randn(4, 3, 8, 8)
    nn.init.uniform_(model.head.cam.weight, 0.1, 1.0)  # positive maps
    maps = later(model, model.backbone.features[:2](images))
    monkeypatch.setattr(model, '_frozen_maps', lambda features: factor * maps)
    loss = model.loss(images, make_samples())['loss_background']
    assert loss.item() == pytest.approx(expected, abs=1e-4)


def test_the_background_teaches_the_mask_and_what_it_is_made_of():
    model, images = make(foreground_weight=0.0), torch.randn(4, 3, 8, 8)
    with torch.no_grad():
        model.masks.weight.mul_(8)
    losses = model.loss(images, make_samples())
    assert 'loss_foreground' not in losses and losses['loss_background'] > 0
    losses['loss_background'].backward()
    taught = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    parts = ('masks', 'backbone.features.0')  # neither the later layers nor the head
    assert taught == {f'{part}.{name}' for part in parts for name in ('weight', 'bias')}


def test_maps_are_masks_and_hooks_see_the_whole_image():
    model, images, seen = make().eval(), torch.randn(4, 3, 8, 8), []
    handle = model.head.cam.register_forward_hook(lambda module, args, output: seen.append(output))
    model.loss(images, make_samples())
    handle.remove()
    assert len(seen) == 1
    torch.testing.assert_close(seen[0], later(model, model.backbone.features[:2](images)))
    samples = model.predict(images, make_samples())
    masks = torch.sigmoid(model.masks(model.backbone.features[:2](images)))
    for i, (sample, label) in enumerate(zip(samples, LABELS, strict=True)):
        torch.testing.assert_close(sample.pred_maps.label, masks[i, label])
        best = sample.pred_score.topk(2).indices
        torch.testing.assert_close(sample.pred_maps.top_k, masks[i, best].mean(0))
        torch.testing.assert_close(sample.pred_score, seen[0][i].mean((1, 2)).softmax(0))


@pytest.mark.parametrize(
    ('settings', 'error', 'message'),
    [
        (dict(mask_layer='backbone.pool4'), ValueError, "mask_layer='backbone.pool4' does not exist"),
        (dict(mask_layer='backbone.features.4'), ValueError, 'with layers behind it'),
        (dict(mask_layer='head.cam'), ValueError, 'must be backbone.features.<number>'),
        (dict(area_weight=-1.0), ValueError, 'must be at least 0'),
        (dict(neck=dict(type='GlobalAveragePooling')), ValueError, 'neck None'),
    ],
)
def test_what_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        make(**settings)


def test_a_head_of_another_kind_is_refused():
    with (
        pytest.raises(TypeError, match='head must be CAMHead'),
        DefaultScope.overwrite_default_scope('mmpretrain'),
    ):
        BASClassifier(
            Backbone(), dict(type='LinearClsHead', num_classes=5, in_channels=6), 'backbone.features.1', mask_channels=4
        )
