"""MEIL: a step against a plain version, and what hooks see."""

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples
from mmengine.registry import DefaultScope
from torch import nn

from sltnet_mm.models import MEILClassifier


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.early, self.late = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)

    def forward(self, inputs):
        return (torch.relu(self.late(self.early(inputs))),)


@pytest.fixture
def meil():
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MEILClassifier(
            Backbone(),
            dict(type='sltnet_mm.CAMHead', num_classes=5, in_channels=6, conv_channels=(7,)),
            erase_layer='backbone.early',
            gamma=0.7,
            erased_weight=0.5,
        )
    nn.init.normal_(model.head.cam.weight)
    return model


def test_meil_step(meil):
    images = torch.randn(4, 3, 8, 8)
    expected = dict(loss_cls=0.0, loss_erased=0.0)
    for image, label in zip(images, LABELS, strict=True):
        features = meil.backbone.early(image[None])
        attention = features.detach().mean(1, keepdim=True)
        erased = features * (attention < 0.7 * attention.max())
        for name, start, weight in (('loss_cls', features, 1), ('loss_erased', erased, 0.5)):
            logits = meil.head((torch.relu(meil.backbone.late(start)),))
            expected[name] = expected[name] + weight * F.cross_entropy(logits, torch.tensor([label])) / 4
    assert_same_step(meil.loss(images, make_samples()), expected, meil)
    assert not any(module._forward_hooks for module in meil.modules())


def test_meil_shows_hooks_the_original_alone_and_tests_the_plain_network(meil):
    seen = []
    meil.head.cam.register_forward_hook(lambda module, args, output: seen.append(len(output)))
    meil.loss(torch.randn(4, 3, 8, 8), make_samples())
    assert seen == [4]
    with (
        pytest.raises(ValueError, match="erase_layer='pool4' does not exist in MEILClassifier"),
        DefaultScope.overwrite_default_scope('mmpretrain'),
    ):
        MEILClassifier(Backbone(), dict(type='sltnet_mm.CAMHead', num_classes=5, in_channels=6), 'pool4')
    with pytest.raises(TypeError, match='head must be CAMHead'):
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            MEILClassifier(Backbone(), dict(type='LinearClsHead', num_classes=5, in_channels=6), 'backbone.early')
