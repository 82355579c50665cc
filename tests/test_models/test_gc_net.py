"""GC-Net: a step against a plain version, a classifier that is frozen, and boxes."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmpretrain.structures import DataSample
from torch import nn

from sltnet_mm.models import GCNet
from sltnet_mm.registry import MODELS


@MODELS.register_module(force=True)
class TinyBackbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, inputs):
        return (torch.relu(self.conv(inputs)),)


@MODELS.register_module(force=True)
class TinyClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(), nn.AdaptiveAvgPool2d(1)
        )
        self.fc = nn.Linear(6, 5)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.fc(self.layers(inputs).flatten(1))


@pytest.fixture
def net():
    torch.manual_seed(0)
    model = GCNet(
        dict(type='sltnet_mm.TinyBackbone'), 4, dict(type='sltnet_mm.TinyClassifier'), grid=2, hidden_channels=(8,)
    )
    model.box_layers[4].p = 0.0
    nn.init.normal_(model.classifier.fc.weight)
    return model.train()


def samples(labels=(1, 4, 0)):
    meta = dict(img_shape=(12, 10), ori_shape=(24, 20), homography_matrix=np.diag([0.5, 0.5, 1.0]))
    return [DataSample(metainfo=meta).set_gt_label(label) for label in labels]


def test_step_against_one_image_at_a_time(net):
    images = torch.randn(3, 3, 12, 10)
    inside = outside = area = 0.0
    classifier = net.classifier.layers, net.classifier.fc
    for image, label in zip(images, (1, 4, 0), strict=True):
        cx, cy, a, b, t = torch.sigmoid(net.box_layers(net.backbone(image[None])[0]))[0]
        mask = torch.zeros(12, 10)
        rows = []
        for y in range(12):
            row = []
            for x in range(10):
                dx, dy, theta = (x + 0.5) / 10 - cx, (y + 0.5) / 12 - cy, (t - 0.5) * math.pi
                u = (dx * torch.cos(theta) + dy * torch.sin(theta)) / (a / 2)
                v = (dx * torch.sin(theta) - dy * torch.cos(theta)) / (b / 2)
                row.append(0.5 - torch.atan(net.sharpness * (u**2 + v**2 - 1)) / math.pi)
            rows.append(torch.stack(row))
        mask = torch.stack(rows)

        def logits(masked):
            return classifier[1](classifier[0](masked[None]).flatten(1))

        inside = inside + F.cross_entropy(logits(mask * image), torch.tensor([label])) / 3
        p = logits((1 - mask) * image).softmax(1)
        outside = outside + (math.log(5) + (p * p.log()).sum()) / 3
        area = area + 2.5 * a * b / 3
    losses = net.loss(images, samples())
    expected = dict(loss_inside=inside, loss_outside=outside, loss_area=area)
    parameters = [p for p in net.parameters() if p.requires_grad]
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-4)
    found, wanted = (torch.autograd.grad(sum(each.values()), parameters) for each in (losses, expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)
    assert wanted[0].abs().max() > 1e-5


def test_the_classifier_is_frozen(net):
    before = {name: value.clone() for name, value in net.classifier.state_dict().items()}
    assert net.training and not any(module.training for module in net.classifier.modules())
    images = torch.randn(3, 3, 12, 10)
    first, second = (net.loss(images, samples())['loss_inside'] for _ in range(2))
    assert torch.equal(first, second)  # no dropout
    first.backward()
    assert all(p.grad is None for p in net.classifier.parameters()) and net.backbone.conv.weight.grad.abs().max() > 0
    after = net.classifier.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())  # nor new statistics


def test_predictions_are_the_box_of_the_ellipse_and_the_classifiers_labels(net):
    net.eval()
    images = torch.randn(3, 3, 12, 10)
    with torch.no_grad():
        found = net(images, samples(), mode='predict')
        params, scores = net(images), net.classifier(images).softmax(1)
    for sample, (cx, cy, a, b, t), score in zip(found, params.tolist(), scores, strict=True):
        turn = np.linspace(0, 2 * math.pi, 20001)
        theta = (t - 0.5) * math.pi
        x = cx + a / 2 * np.cos(turn) * math.cos(theta) + b / 2 * np.sin(turn) * math.sin(theta)
        y = cy + a / 2 * np.cos(turn) * math.sin(theta) - b / 2 * np.sin(turn) * math.cos(theta)
        box = np.clip([x.min() * 20, y.min() * 24, x.max() * 20, y.max() * 24], 0, [20, 24, 20, 24])
        np.testing.assert_allclose(sample.pred_instances.bboxes[0], box, atol=1e-3)
        assert sample.pred_label.item() == score.argmax()
        torch.testing.assert_close(sample.pred_score, score)


def test_weights_of_the_classifier_are_loaded_and_checked(tmp_path, net):
    torch.save(dict(state_dict=TinyClassifier().state_dict()), tmp_path / 'classifier.pth')
    net.classifier_checkpoint = str(tmp_path / 'classifier.pth')
    net.init_weights()
    saved = torch.load(tmp_path / 'classifier.pth')['state_dict']
    assert all(torch.equal(net.classifier.state_dict()[name], value) for name, value in saved.items())
    torch.testing.assert_close(net.ellipses(torch.zeros(1, 3, 8, 8)), torch.full((1, 5), 0.5), atol=0.1, rtol=0)
    torch.save(dict(state_dict={}), tmp_path / 'classifier.pth')
    with pytest.raises(ValueError, match='another model'):
        net.init_weights()


def test_what_is_refused(net):
    with pytest.raises(ValueError, match='area_weight not negative'):
        GCNet(dict(type='sltnet_mm.TinyBackbone'), 4, dict(type='sltnet_mm.TinyClassifier'), area_weight=-1)
    with pytest.raises(ValueError, match='needs data_samples'):
        net(torch.zeros(1, 3, 8, 8), mode='loss')
    with pytest.raises(ValueError, match='needs the label'):
        net.loss(torch.zeros(1, 3, 8, 8), [BaseDataElement()])
