"""DANet: a step against a plain version, maps, and hierarchies that are refused."""

import pytest
import torch
import torch.nn.functional as F
from head_steps import LABELS, assert_same_step, make_samples

from sltnet_mm.models import DANetHead
from sltnet_mm.models.class_hierarchy import as_hierarchy, read_hierarchy

HIERARCHY = 'class,parent,root\na,p,r\nb,p,r\nc,q,r\nd,s,t\ne,s,t\n'


@pytest.fixture
def danet(tmp_path):
    (tmp_path / 'hierarchy.csv').write_text(HIERARCHY)
    torch.manual_seed(0)
    head = DANetHead(5, tmp_path / 'hierarchy.csv', (3, 4, 6), (5, 7, 8), group=4, cos_weight=0.3)
    head.init_weights()
    return head


def danet_maps(head, feats):
    layers = zip((*head.convs_of_level, head.convs), head.maps_of_level, strict=True)
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


def test_the_maps_of_a_level_are_made_once_and_hooks_see_the_class_maps(danet):
    runs, seen = [], []
    for level, layer in enumerate(danet.maps_of_level):
        layer.register_forward_hook(lambda module, args, output, level=level: runs.append(level))
    danet.cam.register_forward_hook(lambda module, args, output: seen.append(output))
    danet.loss(FEATS, make_samples())
    assert runs == [0, 1, 2] and len(seen) == 1
    class_maps = danet_maps(danet, FEATS)[2].mean(2)
    for found in (seen[0], danet.class_maps(FEATS)):
        torch.testing.assert_close(found, class_maps)
    torch.testing.assert_close(danet(FEATS), class_maps.mean((2, 3)))


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
