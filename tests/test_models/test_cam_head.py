"""CAMHead: class maps, logits, losses and what its predictions hold."""

import pytest
import torch
from mmpretrain.structures import DataSample

from sltnet_mm.functional import average_top_k_maps, class_maps, smt_loss, to_score_map
from sltnet_mm.models import CAMHead
from sltnet_mm.models.cam_head import POOLINGS

SMT = dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4)


def make_samples(labels, size=(16, 20)):
    return [DataSample(metainfo=dict(img_shape=size)).set_gt_label(label) for label in labels]


def test_maps_and_logits_are_equations_6_and_7():
    head = CAMHead(num_classes=5, in_channels=8, loss=SMT)
    features = torch.randn(3, 8, 4, 5)
    weight = head.cam.weight[:, :, 0, 0]
    torch.testing.assert_close(head.class_maps((features,)), class_maps(features, weight))
    torch.testing.assert_close(
        head((features,)), features.mean(dim=(2, 3)) @ weight.T
    )  # pool first, then the linear layer


def test_loss_has_its_own_name():
    head = CAMHead(num_classes=5, in_channels=8, loss=SMT)
    features, samples = (torch.randn(3, 8, 4, 4),), make_samples([0, 1, 4])
    losses = head.loss(features, samples)
    assert set(losses) == {'loss_smt'}
    torch.testing.assert_close(losses['loss_smt'], smt_loss(head(features), torch.tensor([0, 1, 4]), 2, 0.4))
    plain = CAMHead(num_classes=5, in_channels=8, cal_acc=True)
    assert set(plain.loss(features, samples)) == {'loss_cls', 'accuracy_top-1'}


def test_predictions():
    head = CAMHead(num_classes=5, in_channels=8, loss=SMT)
    features = (torch.randn(2, 8, 4, 5),)
    samples = head.predict(features, make_samples([3, 1]))
    maps = head.class_maps(features)
    logits = maps.mean(dim=(2, 3))
    for i, sample in enumerate(samples):
        torch.testing.assert_close(sample.pred_score, logits[i].softmax(0))
        torch.testing.assert_close(sample.pred_maps.top_k, average_top_k_maps(maps, logits, 2)[i])
        torch.testing.assert_close(sample.pred_maps.top_1, maps[i, logits[i].argmax()])
        torch.testing.assert_close(sample.pred_maps.label, maps[i, [3, 1][i]])
        torch.testing.assert_close(sample.pred_score_map, to_score_map(sample.pred_maps.top_k[None], (16, 20))[0])


def test_prediction_without_samples_has_maps_but_no_score_map():
    sample = CAMHead(num_classes=5, in_channels=8).predict((torch.randn(1, 8, 4, 5),))[0]
    assert 'pred_maps' in sample and 'label' not in sample.pred_maps and 'pred_score_map' not in sample


def test_images_of_two_sizes_in_a_batch_are_refused():
    samples = make_samples([0], (16, 16)) + make_samples([1], (16, 20))
    with pytest.raises(ValueError, match='one size'):
        CAMHead(num_classes=5, in_channels=8).predict((torch.randn(2, 8, 4, 4),), samples)


@pytest.mark.parametrize(('settings', 'expected'), [(dict(loss=SMT), 2), (dict(loss=SMT, top_k=4), 4), (dict(), 1)])
def test_top_k_defaults_to_the_loss(settings, expected):
    assert CAMHead(num_classes=5, in_channels=8, **settings).top_k == expected


def test_convolutions_before_the_maps():
    head = CAMHead(num_classes=5, in_channels=8, conv_channels=(12,))
    assert head.cam.in_channels == 12 and head((torch.rand(1, 8, 4, 4),)).shape == (1, 5)
    head.init_weights()
    assert head.cam.weight.std().item() == pytest.approx(0.01, rel=0.5)  # 60 numbers
    assert head.convs[0].weight.std() > 0.05


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_classes=1), 'num_classes must be at least 2, got 1'),
        (dict(top_k=0), 'top_k must be in 1 ... num_classes .5., got 0'),
        (dict(top_k=6), 'got 6'),
        (dict(loss=dict(SMT, top_k=6)), "the loss' top_k must be in 1 ... num_classes .5., got 6"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        CAMHead(**dict(dict(num_classes=5, in_channels=8), **settings))


def test_features_that_are_no_maps():
    head = CAMHead(num_classes=5, in_channels=8)
    with pytest.raises(ValueError, match='pooled features; set neck=None'):
        head((torch.rand(2, 8),))
    with pytest.raises(ValueError, match='in_channels is 8, the backbone gives 6'):
        head((torch.rand(2, 6, 4, 4),))


def test_other_poolings_change_the_logits_and_not_the_maps():
    features = torch.randn(3, 8, 4, 5).relu()
    weight = torch.randn(5, 8)
    heads = {name: CAMHead(num_classes=5, in_channels=8, pooling=name, tap_threshold=0.3) for name in POOLINGS}
    pooled = dict(mean=torch.zeros(3, 8), max=torch.zeros(3, 8), tap=torch.zeros(3, 8))
    for b in range(3):
        for n in range(8):
            values = features[b, n].flatten().tolist()
            kept = [value for value in values if value > 0.3 * max(values)]
            pooled['mean'][b, n], pooled['max'][b, n] = sum(values) / len(values), max(values)
            pooled['tap'][b, n] = sum(kept) / max(1, len(kept))
    for name, head in heads.items():
        head.cam.weight.data = weight[:, :, None, None].clone()
        torch.testing.assert_close(head((features,)), pooled[name] @ weight.T)
        torch.testing.assert_close(head.class_maps((features,)), class_maps(features, weight))
        samples = head.predict((features,), make_samples([3, 1, 0]))
        torch.testing.assert_close(samples[0].pred_score, (pooled[name] @ weight.T)[0].softmax(0))


def test_positive_weights_are_for_the_predicted_map_alone():
    features = torch.randn(2, 8, 4, 5).relu()
    head = CAMHead(num_classes=5, in_channels=8, positive_weights=True)
    samples = head.predict((features,), make_samples([3, 1]))
    weight = head.cam.weight[:, :, 0, 0].detach()
    expected = class_maps(features, weight.clamp(min=0))
    torch.testing.assert_close(samples[1].pred_maps.label, expected[1, 1])
    torch.testing.assert_close(samples[0].pred_score, (features.mean((2, 3)) @ weight.T).softmax(1)[0])
    assert (weight < 0).any()


def test_unknown_poolings_are_refused():
    with pytest.raises(ValueError, match='pooling must be one of mean, max, tap'):
        CAMHead(num_classes=5, in_channels=8, pooling='sum')
    with pytest.raises(ValueError, match='tap_threshold must be in'):
        CAMHead(num_classes=5, in_channels=8, tap_threshold=1)
