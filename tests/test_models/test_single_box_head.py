"""SingleBoxHead inside mmdet's SingleStageDetector, against the pure loss."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from sltnet_mm.functional import regression_loss
from sltnet_mm.models import SingleBoxHead

BOXES = torch.tensor([[4.0, 8.0, 40.0, 60.0], [0.0, 0.0, 64.0, 64.0]])


def make_samples(boxes=BOXES, **extra):
    samples = [DetDataSample(metainfo=dict(img_path=f'{i}.jpg')) for i in range(len(boxes))]
    for i, sample in enumerate(samples):
        sample.gt_instances = InstanceData(
            bboxes=boxes[i : i + 1],
            labels=torch.zeros(1, dtype=torch.long),
            **{key: value[i : i + 1] for key, value in extra.items()},
        )
    return samples


def detector(**head):
    head = dict(dict(type='sltnet_mm.SingleBoxHead', in_channels=32, downsample=8, input_size=64), **head)
    return MODELS.build(
        dict(type='mmdet.SingleStageDetector', bbox_head=head, backbone=dict(type='sltnet_mm.SmallConvNet', width=8))
    )


def test_detector_loss_is_the_pure_loss():
    model, images = detector(), torch.rand(2, 3, 64, 64)
    model.eval()  # batch norm: the same statistics in both passes
    expected = regression_loss(model(images, mode='tensor'), BOXES / 8)
    torch.testing.assert_close(model(images, make_samples(), mode='loss')['loss_bbox'], expected)


def test_weight_zero_takes_an_image_out():
    head, features = SingleBoxHead(8, downsample=8), (torch.rand(2, 8, 4, 4),)
    both = head.loss(features, make_samples(weights=torch.tensor([1.0, 0.0])))['loss_bbox']
    first = head.loss((features[0][:1],), make_samples(BOXES[:1]))['loss_bbox']
    torch.testing.assert_close(both, first / 2)  # the mean stays over the batch


@pytest.mark.parametrize('out_act', ['relu', 'sigmoid', 'none'])
@pytest.mark.parametrize('pool_size', [None, 3])
def test_every_image_gets_the_first_box_at_the_start(out_act, pool_size):
    head = SingleBoxHead(8, downsample=64, input_size=64, out_act=out_act, pool_size=pool_size)
    torch.testing.assert_close(head((torch.randn(5, 8, 4, 4),)), torch.tensor([[0.25, 0.25, 0.75, 0.75]] * 5))
    head = SingleBoxHead(8, downsample=64, input_size=64, out_act=out_act, init_box=(0.1, 0.2, 0.3, 0.4))
    torch.testing.assert_close(head((torch.rand(1, 8, 4, 4),)), torch.tensor([[0.1, 0.2, 0.3, 0.4]]))


def test_predicted_boxes_are_in_order_inside_the_image_and_in_its_frame():
    head = SingleBoxHead(8, downsample=8, out_act='none')
    with torch.no_grad():
        head.layers.fc_box.bias.copy_(torch.tensor([6.0, -1.0, 2.0, 4.0]))  # x1 > x2, y1 outside
    features = (torch.rand(1, 8, 4, 4),)
    assert head.predict_boxes(features, (64, 64)).tolist() == [[16, 0, 48, 32]]
    sample = DetDataSample(
        metainfo=dict(img_shape=(64, 64), ori_shape=(100, 200), homography_matrix=[[0.5, 0, -8], [0, 1, 0], [0, 0, 1]])
    )
    result = head.predict(features, [sample], rescale=True)[0]
    assert result.bboxes.tolist() == [[48, 0, 112, 32]]
    assert (result.labels.tolist(), result.scores.tolist()) == ([0], [1.0])
    assert head.predict(features, [sample], rescale=False)[0].bboxes.tolist() == [[16, 0, 48, 32]]


def test_several_boxes_are_an_error():
    sample = make_samples(BOXES[:1])[0]
    sample.gt_instances = InstanceData(bboxes=BOXES, labels=torch.zeros(2))
    with pytest.raises(ValueError, match='0.jpg has 2'):
        SingleBoxHead(8).loss((torch.rand(1, 8, 4, 4),), [sample])


def test_image_without_a_box_has_weight_zero():
    head, features, samples = SingleBoxHead(8, downsample=8), torch.rand(2, 8, 4, 4), make_samples()
    samples[1].gt_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0))
    first = head.loss((features[:1],), make_samples(BOXES[:1]))['loss_bbox']
    torch.testing.assert_close(head.loss((features,), samples)['loss_bbox'], first / 2)
    samples[0].gt_instances = samples[1].gt_instances
    assert head.loss((features,), samples)['loss_bbox'] == 0
    assert head.statistics == dict(images_without_pseudo_box=3)  # counted since the start


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(out_act='tanh'), "'tanh'"),
        (dict(downsample=0), 'downsample must be positive, got 0'),
        (dict(init_box=(0, 1)), 'four box units'),
        (dict(init_box=(2, 2, 15, 9)), r'inside the image, 0 to 14 .*got \(2, 2, 15, 9\)'),
        (dict(init_box=(-1, 2, 9, 9)), 'inside the image'),
        (dict(init_box=(9, 2, 2, 9)), 'x1 < x2'),
        (dict(pool_size=1), 'pool_size must be at least 2 .* pool_size=None'),
        (dict(reduce_channels=0), 'reduce_channels must be at least 1'),
        (dict(reduce_kernel=2), 'reduce_kernel must be odd, got 2'),
        (dict(feat_channels=()), 'feat_channels'),
        (dict(dropout=1), 'dropout must be in'),
        (dict(fc_checkpoint='x.pth'), r'set feat_channels=\(4096, 4096, 512\)'),
        (dict(out_act='sigmoid'), 'set downsample to the size of the network input .224.'),
        (dict(loss_weight=-1), 'loss_weight'),
        (dict(test_cfg=dict(nms=1)), 'has no test_cfg'),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SingleBoxHead(8, **settings)
