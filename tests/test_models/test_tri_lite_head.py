"""TriLite: a step against a plain version, the map, a frozen backbone, and what it refuses."""

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples
from mmengine.registry import DefaultScope
from mmpretrain.models import ImageClassifier
from torch import nn

from sltnet_mm.models import TriLiteHead


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = TriLiteHead(5, 6, alpha=3.0, dropout=0.0, extra_tokens=2)
    for layer in (head.fc[1], head.patch_fc[1]):
        nn.init.normal_(layer.weight)
    return head


def shares(head, tokens):
    """The three shares of each patch, 4 x 16, of every image."""
    patches = tokens[:, 2:].transpose(1, 2).reshape(len(tokens), 6, 4, 4)
    raw = F.conv2d(patches, head.cam[0].weight, padding=1)
    raw = (raw - raw.mean((0, 2, 3), keepdim=True)) / (raw.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    raw = raw * head.cam[1].weight.view(3, 1, 1) + head.cam[1].bias.view(3, 1, 1)
    return raw.exp() / raw.exp().sum(1, keepdim=True)


def test_tri_lite_step(head):
    tokens = torch.randn(4, 2 + 16, 6)
    three = shares(head, tokens)
    expected = dict(loss_cls=0.0, loss_foreground=0.0, loss_background=0.0)
    for i, label in enumerate(LABELS):
        means = []
        for channel in (0, 1):
            total, weights = 0.0, 0.0
            for t in range(16):
                share = three[i, channel].flatten()[t]
                total, weights = total + share * tokens[i, 2 + t], weights + share
            means.append(total / weights)
        target = torch.tensor([label])
        expected['loss_cls'] += F.cross_entropy(head.fc(tokens[i, 0])[None], target) / 4
        expected['loss_foreground'] += F.cross_entropy(head.patch_fc(means[0])[None], target) / 4
        expected['loss_background'] -= 3.0 * torch.log(1 - head.patch_fc(means[1]).softmax(0)[label]) / 4
    assert_same_step(head.loss((tokens,), make_samples()), expected, head)


def test_a_sure_background_has_a_finite_loss_and_gradient(head):
    with torch.no_grad():
        head.patch_fc[1].bias[1] = 200.0  # its probability rounds to 1
    loss = head.loss((torch.randn(2, 18, 6),), make_samples([1, 1]))['loss_background']
    loss.backward()
    assert 300 < loss < 1000 and head.cam[0].weight.grad.isfinite().all()


def test_the_map_is_the_foreground_whatever_the_class(head):
    tokens = torch.randn(4, 18, 6)
    expected = shares(head, tokens)[:, 0]
    for i, sample in enumerate(head.predict((tokens,), make_samples())):
        for name in ('label', 'top_1', 'top_k'):
            torch.testing.assert_close(sample.pred_maps.get(name), expected[i], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(sample.pred_score, head.fc(tokens[i, 0]).softmax(0))
        assert sample.pred_score_map.shape == (32, 32)


def test_only_the_head_learns_on_a_frozen_transformer():
    arch = dict(embed_dims=12, num_layers=2, num_heads=3, feedforward_channels=24)
    backbone = dict(
        type='VisionTransformer',
        arch=arch,
        img_size=28,
        patch_size=7,
        out_type='raw',
        final_norm=False,
        frozen_stages=2,
    )
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = ImageClassifier(backbone, None, dict(type='sltnet_mm.TriLiteHead', num_classes=5, in_channels=12))
    losses = model.loss(torch.randn(2, 3, 56, 56), make_samples([1, 2], (56, 56)))
    sum(losses.values()).backward()
    taught = {name.split('.')[0] for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert taught == {'head'}
    assert all(parameter.grad is not None for parameter in model.head.parameters())


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((2, 6, 4, 4), 'with D = 6, got'),
        ((2, 18, 7), 'with D = 6, got'),
        ((2, 17, 6), '15 patches: resize both sides'),
        ((2, 3, 6), '1 patches'),
    ],
)
def test_wrong_features_are_named(head, shape, message):
    with pytest.raises(ValueError, match=message):
        head((torch.randn(*shape),))


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match='dropout in'):
        TriLiteHead(5, 6, dropout=1.0)
