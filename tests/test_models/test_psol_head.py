import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.models import PSOLHead


def samples(boxes, size=(20, 40)):
    found = []
    for box in boxes:
        meta = dict(img_shape=size, ori_shape=size, homography_matrix=np.eye(3))
        sample = BaseDataElement(metainfo=meta)
        sample.gt_instances = InstanceData(bboxes=torch.tensor(box, dtype=torch.float32).reshape(-1, 4))
        found.append(sample)
    return found


def test_loss_is_fifty_times_the_mean_squared_error_of_corner_and_size():
    torch.manual_seed(0)
    head, feats = PSOLHead(8), (torch.rand(3, 8, 4, 5),)
    boxes = [[[4.0, 2, 24, 12]], [[0.0, 0, 50, 20]], []]  # the second reaches over the edge, the third has none
    predicted = head(feats)
    assert ((predicted > 0) & (predicted < 1)).all()
    targets = [[0.1, 0.1, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]]
    squares = [(predicted[i, k] - targets[i][k]) ** 2 for i in range(2) for k in range(4)]
    expected = 50 * sum(squares) / 8
    loss = head.loss(feats, samples(boxes))['loss_bbox']
    torch.testing.assert_close(loss, expected)
    found, wanted = (torch.autograd.grad(each, list(head.parameters()), retain_graph=True) for each in (loss, expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)
    assert head.loss((feats[0][:1],), samples([[]]))['loss_bbox'].item() == 0


def test_predicted_boxes_are_corner_plus_size():
    head, feats = PSOLHead(8, grid=2, hidden_channels=(6,)).eval(), (torch.rand(2, 8, 4, 4),)
    x, y, w, h = head(feats)[1].tolist()
    box = head.predict(feats, samples([[], []]))[1].bboxes[0].tolist()
    assert box == pytest.approx([40 * x, 20 * y, min(40, 40 * (x + w)), min(20, 20 * (y + h))], abs=1e-4)


def test_what_is_refused():
    with pytest.raises(ValueError, match='one box per image'):
        PSOLHead(8).loss((torch.rand(1, 8, 2, 2),), samples([[[0.0, 0, 1, 1], [1.0, 1, 2, 2]]]))
    with pytest.raises(ValueError, match='has no train_cfg'):
        PSOLHead(8, train_cfg=dict(a=1))
    with pytest.raises(ValueError, match='grid must be at least 1'):
        PSOLHead(8, grid=0)
