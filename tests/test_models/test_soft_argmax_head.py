"""SoftArgmaxBoxHead against sums written as loops, and what its shared weights promise."""

import math

import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.functional import regression_loss
from sltnet_mm.models import SoftArgmaxBoxHead
from sltnet_mm.registry import MODELS


def trained_head(**settings) -> SoftArgmaxBoxHead:
    """A head whose zero weights were replaced by random ones."""
    head = SoftArgmaxBoxHead(**dict(dict(in_channels=6, stride=8, feat_channels=5, downsample=16), **settings))
    torch.nn.init.normal_(head.layers.votes.weight)
    torch.nn.init.normal_(head.layers.votes.bias)
    return head


def test_the_box_is_the_weighted_mean_of_the_cells_votes():
    head, features = trained_head(), torch.rand(2, 6, 3, 4)
    votes = head.layers.votes(torch.relu(head.layers.reduce(features))).detach()
    boxes = head((features,)).detach()
    for image in range(2):
        for side in range(4):
            total = weighted = 0.0
            for row in range(3):
                for column in range(4):
                    place = ((column if side in (0, 2) else row) + 0.5) * 8 / 16
                    weight = math.exp(votes[image, side, row, column])
                    total += weight
                    weighted += weight * (place + float(votes[image, 4 + side, row, column]))
            assert float(boxes[image, side]) == pytest.approx(weighted / total, abs=1e-5)


@pytest.mark.parametrize('cells', [13, 14])
def test_starts_at_init_box_up_to_half_a_cell(cells):
    box = (2.0, 3.0, 9.0, 12.0)
    head = SoftArgmaxBoxHead(8, stride=16, init_box=box)
    found = head((torch.rand(3, 8, cells, cells),))
    assert (found - torch.tensor(box)).abs().max() <= 0.5 + 1e-6
    assert torch.equal(found[0], found[2])


def test_an_object_elsewhere_gives_the_same_box_elsewhere():
    """Votes that a strong object attracts: moved by two cells, it moves the box by two strides."""
    head = SoftArgmaxBoxHead(1, stride=16, feat_channels=1)
    with torch.no_grad():
        head.layers.reduce.weight.fill_(1.0)
        head.layers.votes.weight[:4] = 50.0
    first, moved = torch.zeros(2, 1, 1, 9, 9).unbind()
    first[..., 3, 2] = moved[..., 5, 4] = 1.0
    assert torch.allclose(head((moved,)) - head((first,)), torch.full((1, 4), 2.0), atol=1e-4)


def test_another_size_of_input_needs_no_other_weights():
    head, features = trained_head(), torch.rand(1, 6, 4, 4)
    head.layers.votes.weight.data[:4] = 0
    head.layers.votes.bias.data[:4] = 0
    wide = torch.cat([features, features], dim=3)
    shift = head((wide,))[0] - head((features,))[0]
    assert shift[0].item() == pytest.approx(4 * 8 / 16 / 2, abs=0.2)  # the mean place moves by half the added width
    assert shift[1].item() == pytest.approx(0.0, abs=0.2)


def test_in_a_detector_all_parameters_learn():
    detector = MODELS.build(
        dict(
            type='mmdet.SingleStageDetector',
            backbone=dict(type='sltnet_mm.SmallConvNet', width=8, pools=(0, 1, 3)),
            bbox_head=dict(type='sltnet_mm.SoftArgmaxBoxHead', in_channels=32, stride=8, downsample=8, input_size=64),
        )
    )
    boxes = torch.tensor([[8.0, 8.0, 40.0, 56.0], [16.0, 0.0, 64.0, 48.0]])
    samples = [
        BaseDataElement(gt_instances=InstanceData(bboxes=box[None], labels=torch.zeros(1, dtype=torch.long)))
        for box in boxes
    ]
    images = torch.rand(2, 3, 64, 64)
    optimizer = torch.optim.SGD(detector.bbox_head.parameters(), lr=1e-3)
    for _ in range(2):  # the first step only moves the last layer, whose weights start at zero
        optimizer.zero_grad()
        loss = detector(images, samples, mode='loss')['loss_bbox']
        loss.backward()
        optimizer.step()
    predicted = detector.bbox_head(detector.extract_feat(images))
    assert torch.isfinite(predicted).all()
    assert all(parameter.grad.abs().sum() > 0 for parameter in detector.bbox_head.parameters())
    again = detector(images, samples, mode='loss')['loss_bbox']
    assert float(again.detach()) == pytest.approx(float(regression_loss(predicted.detach(), boxes / 8)), rel=1e-5)
    assert again < loss


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(stride=0), 'SoftArgmaxBoxHead: stride must be positive, got 0'),
        (dict(stride=16, feat_channels=0), 'SoftArgmaxBoxHead: feat_channels must be at least 1, got 0'),
        (dict(stride=16, downsample=-1), 'SoftArgmaxBoxHead: downsample must be positive, got -1'),
        (dict(stride=16, loss_weight=-1), 'SoftArgmaxBoxHead: loss_weight must be >= 0, got -1'),
        (dict(stride=16, init_box=(1, 1, 20, 5)), 'SoftArgmaxBoxHead: init_box must be four box units'),
        (dict(stride=16, train_cfg=dict(assigner=1)), 'SoftArgmaxBoxHead has no train_cfg'),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        SoftArgmaxBoxHead(8, **settings)


def test_features_of_one_cell_are_refused():
    with pytest.raises(ValueError, match='SoftArgmaxBoxHead: features of one cell'):
        SoftArgmaxBoxHead(8, stride=16)((torch.rand(2, 8, 1, 1),))
