"""SPG: a step against a plain version, and what it refuses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from head_steps import assert_same_step, make_samples, minmax
from torch import nn

from sltnet_mm.models import SPGHead


def spg_target(score, low, high, least):
    score = np.asarray(score.detach(), np.float64)
    target = np.full(score.shape, 255)
    target[score > high] = 1
    target[score < low] = 0
    if (target == 1).sum() < least:
        target[(score > high * score.max()) & (score >= low)] = 1
    return target


def spg_bce(logits, targets):
    total, count = 0.0, 0
    for image, target in zip(logits, targets, strict=True):
        for y in range(target.shape[0]):
            for x in range(target.shape[1]):
                if target[y, x] != 255:
                    p = torch.sigmoid(image[y, x])
                    total, count = total - torch.log(p if target[y, x] == 1 else 1 - p), count + 1
    return total / count


def test_spg_step():
    torch.manual_seed(0)
    head = SPGHead(5, 6, branch_channels=(4, 6), conv_channels=(7,), hidden_channels=5, min_cells=20)
    nn.init.normal_(head.cam.weight)
    for parameter in (*head.b1.parameters(), *head.b2.parameters(), *head.shared.parameters(), *head.c.parameters()):
        nn.init.normal_(parameter, std=0.2)
    early, last = torch.randn(2, 4, 8, 8), torch.randn(2, 6, 4, 4)
    labels, size = [1, 4], (12, 12)

    def up(maps):
        return F.interpolate(maps, size, mode='bilinear', align_corners=False)

    features = head.convs(last)
    maps = head.cam(features)
    b1, b2 = (up(head.shared(branch(level)))[:, 0] for branch, level in ((head.b1, early), (head.b2, last)))
    c = up(head.c(features))[:, 0]
    s1, s2 = torch.sigmoid(b1).detach(), torch.sigmoid(b2).detach()
    cams = [minmax(up(maps[i : i + 1, label : label + 1])[0, 0]) for i, label in enumerate(labels)]
    expected = dict(
        loss_cls=F.cross_entropy(maps.mean((2, 3)), torch.tensor(labels)),
        loss_b2=spg_bce(b2, [spg_target(each, 0.05, 0.7, 20) for each in cams]),
        loss_b1=spg_bce(b1, [spg_target(each, 0.05, 0.5, 20) for each in s2]),
        loss_c=spg_bce(c, [spg_target((a + b) / 2, 0.1, 0.7, 20) for a, b in zip(s1, s2, strict=True)]),
    )
    losses = head.loss((early, last), make_samples(labels, size))
    assert_same_step(losses, expected, head)
    sample = head.predict((early, last), make_samples(labels, size))[0]
    torch.testing.assert_close(sample.pred_maps.label, maps[0, 1])


def test_spg_refuses_one_level_and_wrong_thresholds():
    head = SPGHead(5, 6, branch_channels=(4, 6), conv_channels=())
    with pytest.raises(ValueError, match='at least two levels'):
        head.loss((torch.randn(1, 6, 4, 4),), make_samples([1]))
    with pytest.raises(ValueError, match='low must be at most high'):
        SPGHead(5, 6, branch_channels=(4, 6), cam_thresholds=(0.7, 0.05))
    with pytest.raises(ValueError, match='branch_channels must be two'):
        SPGHead(5, 6, branch_channels=(4,))
