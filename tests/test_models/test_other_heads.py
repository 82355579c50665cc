"""ACoL, SPG, DANet, MEIL, I2C: a step's loss and gradient against plain versions, maps, and what they refuse."""

import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn

from sltnet_mm.models import ACoLHead, DANetHead, I2CHead, MEILClassifier, SPGHead
from sltnet_mm.models.class_hierarchy import as_hierarchy, read_hierarchy

LABELS = [1, 4, 4, 0]
HIERARCHY = 'class,parent,root\na,p,r\nb,p,r\nc,q,r\nd,s,t\ne,s,t\n'


def make_samples(labels=LABELS, size=(32, 32)):
    return [DataSample(metainfo=dict(img_shape=size)).set_gt_label(label) for label in labels]


def gradients(loss, module):
    named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    return {name: torch.zeros_like(p) if g is None else g for (name, p), g in zip(named, found, strict=True)}


def assert_same_step(losses, expected, module):
    assert set(losses) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-4, msg=name)
    found, wanted = (gradients(sum(each.values()), module) for each in (losses, expected))
    assert any(value.abs().max() > 1e-4 for value in wanted.values())
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-3, msg=name)


def minmax(array):
    return (array - array.min()) / (array.max() - array.min())


# ACoL


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


# SPG


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


# DANet


@pytest.fixture
def danet(tmp_path):
    (tmp_path / 'hierarchy.csv').write_text(HIERARCHY)
    torch.manual_seed(0)
    head = DANetHead(5, tmp_path / 'hierarchy.csv', (3, 4, 6), (5, 7, 8), group=4, cos_weight=0.3)
    head.init_weights()
    return head


def danet_maps(head, feats):
    child = head.cam
    layers = [*zip(head.convs_of_level, head.maps_of_level, strict=True), (head.convs, child)]
    result = []
    for (convs, layer), features in zip(layers, feats, strict=True):
        flat = F.conv2d(convs(features), layer.weight)
        result.append(flat.reshape(len(flat), -1, 4, *flat.shape[-2:]))
    return result


FEATS = (torch.randn(4, 3, 8, 8), torch.randn(4, 4, 4, 4), torch.randn(4, 6, 4, 4))
PARENT, ROOT = [0, 0, 1, 2, 2], [0, 0, 0, 1, 1]


def test_danet_step(danet):
    maps = danet_maps(danet, FEATS)
    groups = ([ROOT[label] for label in LABELS], [PARENT[label] for label in LABELS], LABELS)
    names = ('loss_root', 'loss_parent', 'loss_cls')
    expected = {
        name: 0.5 * F.cross_entropy(each.mean((2, 3, 4)), torch.tensor(group))
        for name, each, group in zip(names, maps, groups, strict=True)
    }
    images = []
    for i in range(4):
        of_image = [each[i, group[i]] for each, group in zip(maps, groups, strict=True)]
        images.append(
            torch.cat([F.interpolate(m[None], (8, 8), mode='bilinear', align_corners=True)[0] for m in of_image])
        )
    torch.manual_seed(5)
    drawn = torch.randperm(12)[:6]
    pairs = [
        sum(F.cosine_similarity(m[a].flatten(), m[b].flatten(), 0) for n, a in enumerate(drawn) for b in drawn[n + 1 :])
        for m in images
    ]
    expected['loss_cos'] = 0.3 * torch.stack(pairs).abs().mean() / 15
    torch.manual_seed(5)
    assert_same_step(danet.loss(FEATS, make_samples()), expected, danet)


def test_danet_map_is_the_sum_over_the_levels(danet):
    maps = danet_maps(danet, FEATS)
    samples = danet.predict(FEATS, make_samples())

    def total(i, classes):
        parts = [each[i, index].clamp(min=0).mean(0) for each, index in zip(maps, classes, strict=True)]
        return sum(F.interpolate(p[None, None], (8, 8), mode='bilinear', align_corners=True)[0, 0] for p in parts)

    for i, label in enumerate(LABELS):
        torch.testing.assert_close(samples[i].pred_maps.label, total(i, (ROOT[label], PARENT[label], label)))
        best = [int(each.mean((2, 3, 4))[i].argmax()) for each in maps]
        torch.testing.assert_close(samples[i].pred_maps.top_1, total(i, best))
        torch.testing.assert_close(samples[i].pred_score, maps[2].mean((2, 3, 4))[i].softmax(0))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('class,parent\na,b\n', 'has no column root'),
        ('class,parent,root\na,p,r\n', 'must cover the 2 classes'),
        ('class,parent,root\na,p,r\na,p,r\n', "the class 'a' twice"),
        ('class,parent,root\na,p,r\nb,,r\n', 'line 3: class, parent and root'),
        ('class,parent,root\na,p,r\nb,p,s\n', "parent 'p' under two roots"),
    ],
)
def test_wrong_hierarchies_are_refused(tmp_path, text, message):
    path = tmp_path / 'hierarchy.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_hierarchy(path, 2)
    with pytest.raises(ValueError, match='pairs .parent, root.|must cover|two roots'):
        as_hierarchy([('p', 'r'), ('p', 's')], 2)
    with pytest.raises(FileNotFoundError, match='class,parent,root'):
        read_hierarchy(tmp_path / 'none.csv', 2)


# MEIL


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


# I2C


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
