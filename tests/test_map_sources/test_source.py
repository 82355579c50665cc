"""MapSource: against one image and one class at a time; every kind of layer; what it refuses."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, DefaultScope
from torch import nn
from toy import ToyClassifier

from sltnet_mm import functional
from sltnet_mm.map_sources import MapSource
from sltnet_mm.map_sources.layers import to_grid

METHODS = ['grad_cam', 'grad_cam_plus_plus', 'layer_cam', 'bag_cams']
LAYERS = ['backbone.layer2', 'backbone.layer4']


def build(model, scope='mmpretrain'):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(model).eval()


def classifier(backbone, head=None):
    return build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=backbone,
            neck=dict(type='mmpretrain.GlobalAveragePooling') if head is None else None,
            head=head or dict(type='mmpretrain.LinearClsHead', num_classes=6, in_channels=512),
        )
    )


@pytest.fixture(scope='module')
def resnet():
    model = classifier(dict(type='mmpretrain.ResNet', depth=18))
    nn.init.normal_(model.head.fc.weight, std=0.5)
    nn.init.uniform_(model.head.fc.bias, 5, 6)  # all logits positive, as the logarithm of BagCAMs needs
    return model


@pytest.fixture(scope='module')
def images():
    return torch.randn(3, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def keeping_output(layer, seen):
    """Put the layer's output, with its gradient, into ``seen``."""

    def keep(module, args, output):
        output.retain_grad()
        seen['a'] = output

    return layer.register_forward_hook(keep)


def slow_map(model, image, method, layer, label):
    """One image, one class and one layer, by hooks and ``backward``."""
    seen = {}
    handle = keeping_output(model.get_submodule(layer), seen)
    logit = model(image[None].clone(), mode='tensor')[0, label]
    (logit.log() if method == 'bag_cams' else logit).backward()
    handle.remove()
    model.zero_grad()
    return getattr(functional, method)(seen['a'].detach(), seen['a'].grad)[0]


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('layer', LAYERS)
def test_a_batch_equals_single_images(resnet, images, method, layer):
    labels = torch.tensor([4, 0, 5])
    result = MapSource(method, layer)(resnet, images, labels)
    with torch.no_grad():
        scores = resnet(images, mode='tensor')
    torch.testing.assert_close(result.scores, scores)
    scales = []
    for i, image in enumerate(images):
        for name, label in (('label', labels[i]), ('top_1', scores[i].argmax())):
            expected = slow_map(resnet, image, method, layer, label)
            scale = expected.max().clamp(min=1e-12)
            scales.append(scale)
            torch.testing.assert_close(result.maps[name][i] / scale, expected / scale, atol=1e-4, rtol=1e-3)
    assert max(scales) > 1e-6
    assert torch.equal(result.maps['top_k'], result.maps['top_1'])


def test_saliency_equals_the_gradient_of_single_images(resnet, images):
    labels = torch.tensor([4, 0, 5])
    result = MapSource('input_saliency')(resnet, images, labels)
    for i in range(3):
        image = images[i : i + 1].clone().requires_grad_()
        resnet(image, mode='tensor')[0, labels[i]].backward()
        torch.testing.assert_close(result.maps['label'][i], image.grad[0].abs().amax(0), atol=1e-6, rtol=1e-3)
    smooth = MapSource('input_saliency', smooth=2.0)(resnet, images, labels)
    assert smooth.maps['label'].std() < result.maps['label'].std()


@pytest.mark.parametrize(('fuse', 'join'), [('mean', lambda a, b: (a + b) / 2), ('max', torch.maximum)])
def test_several_layers_are_normalized_and_joined(resnet, images, fuse, join):
    single = [MapSource('layer_cam', layer)(resnet, images).maps['top_1'] for layer in LAYERS]
    expected = join(*(functional.to_score_map(each, (64, 96)) for each in single))
    fused = MapSource('layer_cam', LAYERS, fuse=fuse)(resnet, images).maps['top_1']
    torch.testing.assert_close(fused, expected, atol=1e-4, rtol=1e-3)


def test_top_k_explains_the_mean_of_the_best_logits(resnet, images):
    result = MapSource('grad_cam', 'backbone.layer4', top_k=3)(resnet, images[:1])
    best = resnet(images[:1], mode='tensor').topk(3).indices[0]
    seen = {}
    handle = keeping_output(resnet.backbone.layer4, seen)
    resnet(images[:1], mode='tensor')[0, best].mean().backward()
    handle.remove()
    resnet.zero_grad()
    expected = functional.grad_cam(seen['a'].detach(), seen['a'].grad)
    torch.testing.assert_close(result.maps['top_k'], expected, atol=1e-6, rtol=1e-3)


def test_no_trace_is_left_and_frozen_networks_work(resnet, images):
    wanted = MapSource('grad_cam', 'backbone.layer4')(resnet, images).maps['top_1']
    assert all(parameter.requires_grad and parameter.grad is None for parameter in resnet.parameters())
    assert not any(module._forward_hooks for module in resnet.modules())
    resnet.requires_grad_(False)
    with torch.no_grad():
        frozen = MapSource('grad_cam', 'backbone.layer4')(resnet, images)
    assert not frozen.scores.requires_grad and not any(p.requires_grad for p in resnet.parameters())
    resnet.requires_grad_(True)
    torch.testing.assert_close(frozen.maps['top_1'], wanted)


def test_an_activation_in_place_behind_the_layer_does_not_change_its_maps():

    class Net(ToyClassifier):
        def maps(self, inputs):
            return self.cam(F.relu(self.features(inputs), inplace=True))

    images = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    for method in METHODS:
        source = MapSource(method, 'features')
        plain = source(ToyClassifier().eval(), images).maps['top_1']
        torch.testing.assert_close(source(Net().eval(), images).maps['top_1'], plain)


def test_grad_cam_on_a_cam_head_is_its_positive_class_map():
    model = classifier(
        dict(type='mmpretrain.ResNet', depth=18), dict(type='sltnet_mm.CAMHead', num_classes=6, in_channels=512)
    )
    images, labels = torch.randn(2, 3, 64, 64), torch.tensor([2, 3])
    result = MapSource('grad_cam', 'backbone.layer4')(model, images, labels)
    with torch.no_grad():
        maps = model.head.class_maps(model.extract_feat(images))
    torch.testing.assert_close(result.maps['label'], maps[[0, 1], labels].relu() / 4, atol=1e-6, rtol=1e-4)


def test_the_k_is_that_of_the_cam_head():
    head = dict(type='sltnet_mm.CAMHead', num_classes=6, in_channels=512, top_k=3)
    model = classifier(dict(type='mmpretrain.ResNet', depth=18), head)
    images = torch.randn(1, 3, 64, 64)
    own = MapSource('grad_cam', 'backbone.layer4')(model, images).maps
    given = MapSource('grad_cam', 'backbone.layer4', top_k=3)(model, images).maps
    assert torch.equal(own['top_k'], given['top_k']) and not torch.equal(own['top_k'], own['top_1'])


def test_vision_transformer_tokens_are_put_back_on_their_grid():
    backbone = dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=32),
        img_size=(64, 96),
        patch_size=16,
    )
    model = classifier(backbone, dict(type='mmpretrain.VisionTransformerClsHead', num_classes=6, in_channels=24))
    nn.init.normal_(model.head.layers.head.weight)
    images = torch.randn(2, 3, 64, 96)
    result = MapSource('layer_cam', 'backbone.layers.1.ln1')(model, images)
    assert result.maps['top_1'].shape == (2, 4, 6)
    seen = {}
    handle = keeping_output(model.backbone.layers[1].ln1, seen)
    scores = model(images, mode='tensor')
    scores.amax(1).sum().backward()
    handle.remove()
    for row in range(4):
        for column in range(6):
            token = 1 + 6 * row + column  # behind the class token
            value = (seen['a'].grad[:, token].relu() * seen['a'][:, token]).sum(1).relu()
            torch.testing.assert_close(result.maps['top_1'][:, row, column], value.detach(), atol=1e-6, rtol=1e-3)
    with pytest.raises(ValueError, match='zero everywhere.*ln1'):
        MapSource('layer_cam', 'backbone.layers.1')(model, images)


def test_swin_returns_tokens_and_their_grid():
    backbone = dict(
        type='mmpretrain.SwinTransformer',
        arch=dict(embed_dims=24, depths=[1, 1, 2], num_heads=[2, 2, 2]),
        img_size=64,
        window_size=4,
        out_indices=(2,),
    )
    head = dict(type='mmpretrain.LinearClsHead', num_classes=6, in_channels=96)
    model = build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=backbone,
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=head,
        )
    )
    images = torch.randn(2, 3, 64, 64)
    result = MapSource('grad_cam', ['backbone.stages.2', 'backbone.stages.1'])(model, images)
    assert result.maps['top_1'].shape == (2, 64, 64)
    assert MapSource('grad_cam', 'backbone.stages.2')(model, images).maps['top_1'].shape == (2, 4, 4)


def test_channels_last():
    tensor = torch.rand(2, 4, 6, 8)
    assert torch.equal(to_grid(tensor, (64, 96), layout='channels_last')[:, 3], tensor[..., 3])


@pytest.mark.parametrize(
    ('count', 'size', 'grid'),
    [
        (196, (224, 224), (14, 14)),
        (197, (224, 224), (14, 14)),
        (198, (224, 224), (14, 14)),  # distilled
        (261, (224, 224), (16, 16)),  # DINOv2 with registers
        (577, (384, 384), (24, 24)),
        (49, (224, 224), (7, 7)),
        (50, (224, 224), (7, 7)),
        (281, (224, 320), (14, 20)),
        (70, (100, 150), (7, 10)),  # rounded up to whole patches
    ],
)
def test_the_grid_of_tokens_is_found(count, size, grid):
    assert to_grid(torch.zeros(1, count, 3), size).shape == (1, 3, *grid)


def test_dense_detectors_explain_their_best_anchor():
    pytest.importorskip('mmdet')
    model = build(
        dict(
            type='RetinaNet',
            backbone=dict(type='ResNet', depth=18, out_indices=(0, 1, 2, 3)),
            neck=dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=16, num_outs=5),
            bbox_head=dict(type='RetinaHead', num_classes=4, in_channels=16, feat_channels=16, stacked_convs=1),
        ),
        scope='mmdet',
    )
    images = torch.randn(2, 3, 64, 64)
    result = MapSource('layer_cam', 'backbone.layer3')(model, images, torch.tensor([1, 3]))
    with torch.no_grad():
        levels = model(images, None, mode='tensor')[0]
    flat = torch.cat([level.permute(0, 2, 3, 1).reshape(2, -1, 4) for level in levels], 1)
    torch.testing.assert_close(result.scores, flat.amax(1))
    assert result.maps['label'].shape == (2, 4, 4) and result.maps['label'].amax() > 0


class Detached(ToyClassifier):
    def maps(self, inputs):
        return self.cam(super().maps(inputs).new_ones(len(inputs), 4, 2, 2) + self.features(inputs).detach().mean())


class Guarded(ToyClassifier):
    def maps(self, inputs):
        with torch.no_grad():
            features = self.features(inputs)
        return self.cam(features)


@pytest.mark.parametrize(
    ('model', 'settings', 'message'),
    [
        (
            ToyClassifier(),
            dict(layers='neck'),
            "layers='neck' does not exist in .*; it has: data_preprocessor, feat",
        ),
        (Guarded(), dict(layers='features'), r'no gradient reaches features.*no_grad'),
        (Detached(), dict(layers='features'), 'do not depend on features|no gradient reaches features'),
        (ToyClassifier(), dict(layers='data_preprocessor'), 'data_preprocessor did not run'),
        (ToyClassifier(), dict(layers='features', top_k=4), 'top_k must be at most the 3 classes, got 4'),
    ],
)
def test_layers_that_give_no_map_are_refused(model, settings, message):
    with pytest.raises(ValueError, match=message):
        MapSource('grad_cam', **settings)(model.eval(), torch.randn(1, 3, 8, 8, dtype=torch.float64))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(method='cam', layers='a'), 'method must be one of grad_cam'),
        (dict(method='grad_cam'), 'grad_cam needs layers'),
        (dict(method='input_saliency', layers='a'), 'input_saliency needs no layers'),
        (dict(method='grad_cam', layers='a', fuse='sum'), 'fuse must be one of mean, max'),
        (dict(method='grad_cam', layers='a', top_k=0), 'top_k must be at least 1'),
        (dict(method='grad_cam', layers='a', smooth=1), 'smooth must be at least 0'),
        (dict(method='grad_cam', layers='a', layout='nhwc'), 'layout must be one of'),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MapSource(**settings)


def test_wrong_tokens_and_outputs_are_refused():
    with pytest.raises(ValueError, match='set extra_tokens'):
        to_grid(torch.zeros(1, 197, 3), (224, 224), extra_tokens=0)
    with pytest.raises(ValueError, match='before pooling'):
        to_grid(torch.zeros(1, 5), (8, 8))

    class Boxes(ToyClassifier):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return dict(boxes=super().forward(inputs))

    with pytest.raises(TypeError, match='needs class scores B x C from Boxes'):
        MapSource('grad_cam', 'features')(Boxes().eval(), torch.randn(1, 3, 8, 8, dtype=torch.float64))
