"""SMTLoss: the shell against the pure function and mmpretrain's cross entropy."""

import pytest
import torch
from mmpretrain.models.heads import LinearClsHead, StackedLinearClsHead
from mmpretrain.models.losses import CrossEntropyLoss
from mmpretrain.structures import DataSample

from sltnet_mm.functional import smt_loss
from sltnet_mm.models import SMTLoss


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 7, generator=generator) * 3, torch.randint(7, (12,), generator=generator)


def test_equals_the_pure_function(batch):
    logits, labels = batch
    assert SMTLoss(3, 0.4)(logits, labels) == pytest.approx(smt_loss(logits, labels, 3, 0.4).item())
    assert SMTLoss(3, 0.4, loss_weight=2)(logits, labels) == pytest.approx(2 * smt_loss(logits, labels, 3, 0.4).item())


def test_alpha_one_is_mmpretrains_cross_entropy_in_every_call_form(batch):
    logits, labels = batch
    ours, theirs = SMTLoss(3, 1.0), CrossEntropyLoss()
    weight = torch.rand(12)
    for call in (
        dict(),
        dict(avg_factor=5),
        dict(weight=weight),
        dict(weight=weight, avg_factor=3),
        dict(reduction_override='sum'),
        dict(reduction_override='none'),
    ):
        torch.testing.assert_close(ours(logits, labels, **call), theirs(logits, labels, **call))


def test_tolerated_share_is_kept_without_gradient(batch):
    logits, labels = batch
    loss = SMTLoss(3, 0.4)
    loss(logits.requires_grad_(), labels)
    best = logits.topk(3, dim=1).indices
    assert loss.statistics['tolerated'].item() == pytest.approx((best == labels[:, None]).any(1).float().mean().item())
    assert not loss.statistics['tolerated'].requires_grad


@pytest.mark.parametrize(
    'head',
    [
        dict(cls=LinearClsHead, in_channels=4, num_classes=5),
        dict(cls=StackedLinearClsHead, in_channels=4, num_classes=5, mid_channels=[6]),
    ],
)
def test_in_mmpretrain_heads(head):
    head = dict(head)
    head = head.pop('cls')(loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.5), **head)
    samples = [DataSample().set_gt_label(i) for i in (0, 3, 4)]
    features = torch.rand(3, 4)
    expected = smt_loss(head((features,)), torch.tensor([0, 3, 4]), 2, 0.5)
    torch.testing.assert_close(head.loss((features,), samples)['loss'], expected)


@pytest.mark.parametrize(
    ('settings', 'error', 'message'),
    [
        (dict(top_k=0, alpha=0.4), ValueError, 'k'),
        (dict(top_k=3, alpha=1.2), ValueError, '1.2'),
        (dict(top_k=3, alpha=-0.1), ValueError, '-0.1'),
        (dict(top_k=3, alpha=0.4, loss_weight=-1), ValueError, 'loss_weight must be >= 0, got -1'),
        (dict(top_k=3, alpha=0.4, reduction='avg'), ValueError, "'avg'"),
        (dict(topk=3, alpha=0.4), TypeError, 'topk'),
        (dict(top_k=3, alpha=0.4, background_class='last'), TypeError, "background_class .* got 'last'"),
    ],
)
def test_bad_settings(settings, error, message):
    with pytest.raises(error, match=message):
        SMTLoss(**settings)


def test_bad_calls(batch):
    logits, labels = batch
    with pytest.raises(ValueError, match=r'class indices of shape \(B,\), or soft labels'):
        SMTLoss(3, 0.4)(logits, torch.rand(12))
    with pytest.raises(ValueError, match=r'of the shape of cls_score, \(12, 7\); got torch.float32 of shape \(12, 6\)'):
        SMTLoss(3, 0.4)(logits, torch.rand(12, 6))
    with pytest.raises(ValueError, match='avg_factor goes with reduction "mean" only'):
        SMTLoss(3, 0.4, reduction='sum')(logits, labels, avg_factor=3)
    with pytest.raises(ValueError, match='background must be the index of one of the 7 classes, got 7'):
        SMTLoss(3, 0.4, background_class=7)(logits, labels)
    with pytest.raises(ValueError, match='reduction_override'):
        SMTLoss(3, 0.4)(logits, labels, reduction_override='avg')
    with pytest.raises(ValueError, match='8'):
        SMTLoss(8, 0.4)(logits, labels)  # K beyond the classes
