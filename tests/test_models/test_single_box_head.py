"""SingleBoxHead inside mmdet's SingleStageDetector, against the pure loss."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from sltnet_mm.functional import regression_loss
from sltnet_mm.models import SingleBoxHead
from sltnet_mm.weights.checkpoints import check_fit

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


@pytest.mark.parametrize('pool_size', [None, 7])
def test_features_of_one_cell_are_refused(pool_size):
    with pytest.raises(ValueError, match=r'features of one cell, \(2, 8, 1, 1\), .* in front of the global pooling'):
        SingleBoxHead(8, pool_size=pool_size)((torch.rand(2, 8, 1, 1),))


def test_the_layout_reaches_the_layers():
    """A flattened head tells a corner from the opposite one; the mean over the cells cannot."""
    corner = torch.zeros(1, 8, 4, 4)
    corner[..., 0, 0] = 1
    for settings, same in ((dict(pool_size=None, reduce_channels=None), True), (dict(pool_size=2), False)):
        head = SingleBoxHead(8, **settings)
        torch.nn.init.normal_(head.layers.fc_box.weight)
        assert torch.allclose(head((corner,)), head((corner.flip(2, 3),))) == same


@pytest.mark.parametrize('kind', [dict(), dict(reduce_channels=None), dict(pool_size=None, reduce_channels=None)])
def test_no_hidden_unit_dies_at_the_start(kind):
    """After steps at the rate of the new layers in the configs, the hidden units still answer to some image."""
    torch.manual_seed(0)
    head = SingleBoxHead(64, **kind)
    features = torch.randn(64, 64, 7, 7).relu()
    seen = []
    head.layers.fc_box.register_forward_hook(lambda layer, inputs, output: seen.append((inputs[0] > 0).any(dim=0)))
    optimizer = torch.optim.SGD(head.parameters(), lr=1e-3, momentum=0.9)
    for _ in range(10):
        loss = regression_loss(head((features,)), torch.rand(64, 4) * 14)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (head((features,)) > 0).all()
    assert seen[-1].sum() > 0.95 * seen[0].sum()


def test_fc6_and_fc7_come_from_the_file(tmp_path):
    settings = dict(pool_size=2, reduce_channels=None, feat_channels=(6, 6, 5))
    vgg = {
        f'backbone.classifier.{place}.{kind}': torch.randn(*shape)
        for place, shapes in ((0, (6, 8 * 2 * 2)), (3, (6, 6)), (6, (1000, 6)))
        for kind, shape in (('weight', shapes), ('bias', shapes[:1]))
    }
    torch.save(dict(state_dict=vgg), tmp_path / 'vgg.pth')
    head = SingleBoxHead(8, fc_checkpoint=str(tmp_path / 'vgg.pth'), **settings)
    head.init_weights()
    for layer, place in zip(head.layers.fcs, (0, 3), strict=False):
        torch.testing.assert_close(layer.weight.data, vgg[f'backbone.classifier.{place}.weight'])
        torch.testing.assert_close(layer.bias.data, vgg[f'backbone.classifier.{place}.bias'])
    assert head.layers.fc_box.weight.abs().max() == 0
    with pytest.raises(ValueError, match='do not fit Linear'):
        SingleBoxHead(9, fc_checkpoint=str(tmp_path / 'vgg.pth'), **settings).init_weights()
    with pytest.raises(FileNotFoundError):
        SingleBoxHead(8, fc_checkpoint=str(tmp_path / 'none.pth'), **settings).init_weights()


def test_the_checkpoint_of_another_head_is_refused():
    mean = SingleBoxHead(8, pool_size=None, reduce_channels=None)
    with pytest.raises(ValueError, match=r'layers\.reduce\.weight'):
        check_fit(SingleBoxHead(8), dict(state_dict=mean.state_dict()))
