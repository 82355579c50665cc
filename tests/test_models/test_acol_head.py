"""ACoL: a step against a plain version, maps, and what it refuses."""

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples, minmax
from mmpretrain.structures import DataSample
from torch import nn

from sltnet_mm.models import ACoLHead


@pytest.fixture
def acol():
    torch.manual_seed(0)
    head = ACoLHead(num_classes=5, in_channels=6, conv_channels=(7, 8), threshold=0.6)
    for layer in (head.cam, head.cam_b):
        nn.init.normal_(layer.weight)
    return head


def acol_branches(head, features, label):
    """One image: its maps in both branches, the second erased by the first's map of the label."""
    first = head.cam(head.convs(features[None]))[0]
    score = minmax(first[label].detach())
    erased = features.clone()
    for y in range(score.shape[0]):
        for x in range(score.shape[1]):
            if score[y, x] >= 0.6:
                erased[:, y, x] = 0
    return first, head.cam_b(head.convs_b(erased[None]))[0]


def test_acol_step(acol):
    features = torch.randn(4, 6, 5, 4)
    ce = dict(loss_cls=0.0, loss_erased=0.0)
    for image, label in zip(features, LABELS, strict=True):
        for name, maps in zip(ce, acol_branches(acol, image, label), strict=True):
            ce[name] = ce[name] + F.cross_entropy(maps.mean((1, 2))[None], torch.tensor([label])) / 4
    assert_same_step(acol.loss((features,), make_samples()), ce, acol)


def test_acol_map_is_the_larger_one_of_both_branches(acol):
    features = torch.randn(4, 6, 5, 4)
    samples = acol.predict((features,), make_samples())
    for sample, image, label in zip(samples, features, LABELS, strict=True):
        for name, index in (('label', label), ('top_1', int(sample.pred_score.argmax()))):
            first, second = acol_branches(acol, image, index)
            expected = torch.maximum(minmax(first[index]), minmax(second[index]))
            torch.testing.assert_close(sample.pred_maps.get(name), expected, atol=1e-5, rtol=1e-4)
        assert sample.pred_score_map.shape == (32, 32)


def test_acol_refuses_mixed_labels_and_thresholds(acol):
    mixed = [DataSample().set_gt_score(torch.full((5,), 0.2)) for _ in range(2)]
    with pytest.raises(ValueError, match='needs the label of each image'):
        acol.loss((torch.randn(2, 6, 5, 4),), mixed)
    with pytest.raises(ValueError, match='threshold must be in'):
        ACoLHead(num_classes=5, in_channels=6, threshold=1.5)
