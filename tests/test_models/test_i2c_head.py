"""I2C: a step against a plain version, seeds, bank, and batches without pairs."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from head_steps import make_samples, minmax
from torch import nn

from sltnet_mm.models import I2CHead


@pytest.fixture
def i2c():
    torch.manual_seed(0)
    head = I2CHead(5, 6, (7,), dropout=0.0, average=3, seeds=3, threshold=0.0, local_weight=0.4, global_weight=0.6)
    nn.init.normal_(head.cam.weight)
    return head


PAIRS = [4, 4, 2, 2]


def test_i2c_step_with_every_cell_but_one_as_seed(i2c):
    """Two cells of each image are foreground at most; all seeds are known: threshold 0 leaves out only the lowest."""
    features = torch.randn(4, 6, 1, 3)
    pooled = F.avg_pool2d(features, 3, 1, 1)
    maps = i2c.cam(i2c.convs(pooled))
    i2c.bank.copy_(torch.randn(5, 6))
    i2c.updates[4] = 7
    start = i2c.bank.clone()

    def seeds(i):
        score = minmax(maps[i, PAIRS[i], 0].detach())
        return [pooled[i, :, 0, x] for x in range(3) if score[x] > 0]

    # the order of the seeds is random: let each image have equal features at both, so that it does not matter
    losses = i2c.loss((features,), make_samples(PAIRS))
    ce = F.cross_entropy(maps.mean((2, 3)), torch.tensor(PAIRS))
    torch.testing.assert_close(losses['loss_cls'], ce)
    # of three seeds from two cells, one cell counts twice: the local loss is among the finitely many possible ones
    possible_local, possible_mean = set(), {0: [], 1: []}
    options = [[(a, b, a) for a, b in ((s[0], s[1]), (s[1], s[0]))] for s in map(seeds, range(4))]
    for p in (0, 1):
        for first in options[2 * p]:
            for second in options[2 * p + 1]:
                distance = sum((a - b).norm() for a, b in zip(first, second, strict=True)) / 3
                mean = (sum(first) + sum(second)) / 6
                possible_mean[p].append((distance, mean))
    for d0, m0 in possible_mean[0]:
        for d1, m1 in possible_mean[1]:
            local = 0.4 * (d0 + d1) / 2
            known = 0.6 * (m0 - start[4]).norm() / 2  # class 2 has no bank yet
            possible_local.add((round(local.item(), 4), round(known.item(), 4)))
            if abs(local - losses['loss_local']) < 1e-5:
                rate = math.exp(-0.002 * 7)
                expected = (1 - rate) * start[4] + rate * m0
                chosen = (expected, m1)
    assert (round(losses['loss_local'].item(), 4), round(losses['loss_global'].item(), 4)) in possible_local
    torch.testing.assert_close(i2c.bank[4], chosen[0].detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(i2c.bank[2], chosen[1].detach(), atol=1e-5, rtol=1e-4)  # a copy
    assert i2c.updates.tolist() == [0, 0, 1, 0, 8]


def test_i2c_gradient_of_single_seeds():
    """With one foreground cell, the three seeds are that cell, and nothing is random."""
    torch.manual_seed(0)
    head = I2CHead(5, 6, (), dropout=0.0, threshold=0.99, local_weight=0.4, global_weight=0.6)
    nn.init.normal_(head.cam.weight)
    head.bank.copy_(torch.randn(5, 6))
    head.updates.fill_(3)
    base = nn.Parameter(torch.randn(4, 6, 4, 5))
    maps = head.cam(base)
    cells = [maps[i, PAIRS[i]].flatten().argmax() for i in range(4)]
    f = [base[i].flatten(1)[:, cell] for i, cell in enumerate(cells)]
    bank = head.bank.clone()
    expected = dict(
        loss_cls=F.cross_entropy(maps.mean((2, 3)), torch.tensor(PAIRS)),
        loss_local=0.4 * ((f[0] - f[1]).norm() + (f[2] - f[3]).norm()) / 2,
        loss_global=0.6 * (((f[0] + f[1]) / 2 - bank[4]).norm() + ((f[2] + f[3]) / 2 - bank[2]).norm()) / 2,
    )
    losses = head.loss((base,), make_samples(PAIRS))
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-4)
    found, wanted = (torch.autograd.grad(sum(each.values()), base)[0] for each in (losses, expected))
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-3)


def test_i2c_seeds_are_foreground_cells(i2c):
    features = torch.arange(40.0).view(1, 1, 5, 8).repeat(3, 1, 1, 1)
    scores = torch.zeros(3, 5, 8)
    scores[0, 1, 2:4] = scores[1, 4, 7] = 1
    scores[2, 0, :5] = 1
    i2c.threshold = 0.5
    seen = [set(), set(), set()]
    for _ in range(30):
        drawn = i2c._seed_features(features, scores)[..., 0]
        for i in range(3):
            seen[i].update(drawn[i].tolist())
            assert len(set(drawn[i].tolist())) == min(3, int(scores[i].sum()))
    assert seen == [{10.0, 11.0}, {39.0}, {0.0, 1.0, 2.0, 3.0, 4.0}]


def test_i2c_bank_is_no_parameter_and_is_saved(i2c):
    assert {'bank', 'updates'} <= set(i2c.state_dict()) and 'bank' not in dict(i2c.named_parameters())
    before = copy.deepcopy(i2c.bank)
    i2c.loss((torch.randn(4, 6, 4, 5),), make_samples(PAIRS))
    assert not torch.equal(before, i2c.bank) and not i2c.bank.requires_grad


@pytest.mark.parametrize('labels', [[1, 2, 3, 3], [1, 1, 2]])
def test_i2c_refuses_batches_without_pairs(i2c, labels):
    with pytest.raises(ValueError, match='SameClassPairs'):
        i2c.loss((torch.randn(len(labels), 6, 4, 5),), make_samples(labels))
