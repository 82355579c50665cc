"""TS-CAM: attention by loops, maps of a small transformer, and what it refuses."""

import math

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples
from mmengine.registry import DefaultScope
from mmpretrain.models import ImageClassifier
from torch import nn

from sltnet_mm.functional import class_token_attention
from sltnet_mm.models import TSCAMClassifier, TSCAMHead

HEAD = dict(type='sltnet_mm.TSCAMHead', num_classes=5, in_channels=12)


def slow_attention(qkv, heads, extra):
    """Every head, every token."""
    batch, tokens, channels = qkv.shape
    size = channels // 3 // heads
    result = torch.zeros(batch, tokens - extra, dtype=qkv.dtype)
    for b in range(batch):
        for head in range(heads):
            query = qkv[b, 0, head * size : (head + 1) * size]
            start = channels // 3 + head * size
            scores = [torch.dot(query, qkv[b, t, start : start + size]) / math.sqrt(size) for t in range(tokens)]
            result[b] += torch.stack(scores).softmax(0)[extra:] / heads
    return result


@pytest.mark.parametrize(('heads', 'extra'), [(1, 1), (3, 1), (4, 2)])
def test_attention_against_loops(heads, extra):
    qkv = torch.randn(2, 7, 36, dtype=torch.float64)
    torch.testing.assert_close(class_token_attention(qkv, heads, extra), slow_attention(qkv, heads, extra))


@pytest.mark.parametrize(
    ('shape', 'heads', 'extra', 'message'),
    [((2, 7), 1, 1, 'BxTx3D'), ((2, 7, 36), 5, 1, 'divisible by heads=5'), ((2, 7, 36), 3, 7, r'in 1 \.\.\. 6')],
)
def test_attention_refuses_wrong_shapes(shape, heads, extra, message):
    with pytest.raises(ValueError, match=message):
        class_token_attention(torch.randn(*shape), heads, extra)


def make(**backbone):
    torch.manual_seed(0)
    arch = dict(embed_dims=12, num_layers=2, num_heads=3, feedforward_channels=24)
    settings = dict(type='VisionTransformer', arch=arch, img_size=32, patch_size=8, out_type='featmap') | backbone
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = TSCAMClassifier(settings, HEAD)
    model.init_weights()
    for block in model.backbone.layers:
        nn.init.normal_(block.attn.qkv.weight, std=0.5)  # attention that is not even
    nn.init.normal_(model.head.cam.weight)
    return model


@pytest.mark.parametrize('kind', ['VisionTransformer', 'DistilledVisionTransformer'])
def test_maps_are_class_maps_times_the_attention_of_all_blocks(kind):
    model, images = make(type=kind).eval(), torch.randn(4, 3, 32, 24)
    inputs = []
    handles = [
        block.attn.register_forward_pre_hook(lambda module, args: inputs.append((module, args[0])))
        for block in model.backbone.layers
    ]
    feats = model.extract_feat(images)
    for handle in handles:
        handle.remove()
    extra = 1 if kind == 'VisionTransformer' else 2
    attention = sum(slow_attention(module.qkv(tokens), 3, extra) for module, tokens in inputs).view(4, 4, 3)
    maps = F.conv2d(feats[-1], model.head.cam.weight, model.head.cam.bias, padding=1)
    logits = maps.mean((2, 3))
    samples = model.predict(images, make_samples(size=(32, 24)))
    for i, (sample, label) in enumerate(zip(samples, LABELS, strict=True)):
        torch.testing.assert_close(sample.pred_score, logits[i].softmax(0))
        for name, chosen in (('label', label), ('top_1', int(logits[i].argmax()))):
            torch.testing.assert_close(sample.pred_maps.get(name), maps[i, chosen] * attention[i], atol=1e-5, rtol=1e-4)
        assert sample.pred_score_map.shape == (32, 24)
    assert not any(block.attn.qkv._forward_hooks for block in model.backbone.layers)
    assert attention.flatten(1).std(1).min() > 1e-3


def test_a_step_is_that_of_a_classifier():
    model, images = make(), torch.randn(4, 3, 32, 32)
    feats = model.extract_feat(images)
    logits = F.conv2d(feats[-1], model.head.cam.weight, model.head.cam.bias, padding=1).mean((2, 3))
    expected = dict(loss_cls=F.cross_entropy(logits, torch.tensor(LABELS)))
    assert_same_step(model.loss(images, make_samples()), expected, model)


def test_what_is_refused():
    with pytest.raises(ValueError, match='needs a vision transformer with a class token'):
        make(with_cls_token=False)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        net = dict(type='ResNet', depth=18)
        with pytest.raises(ValueError, match='got ResNet'):
            TSCAMClassifier(net, dict(HEAD, in_channels=512))
        with pytest.raises(TypeError, match='head must be TSCAMHead, got CAMHead'):
            TSCAMClassifier(net, dict(type='sltnet_mm.CAMHead', num_classes=5, in_channels=512))


def test_the_head_alone_gives_class_maps():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = ImageClassifier(dict(type='ResNet', depth=18), None, dict(HEAD, in_channels=512)).eval()
    sample = model.predict(torch.randn(1, 3, 64, 64), make_samples([1], (64, 64)))[0]
    assert isinstance(model.head, TSCAMHead) and sample.pred_maps.label.shape == (2, 2)
