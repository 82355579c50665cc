"""SMTLoss inside the hosts' own heads: the value that reaches the head's losses, term by term."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import InstanceData
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F

SMT = dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4)
IN_DETECTOR = dict(SMT, background_class=-1)
CLASSES = 3


@pytest.fixture
def scope(request):
    with DefaultScope.overwrite_default_scope(request.param):
        yield request.param


def slow_losses(scores, labels, background=None):
    """Eq. 8 box by box; the background is never damped."""
    losses = []
    for score, label in zip(scores, labels.tolist(), strict=True):
        damped = label in score.topk(2).indices.tolist() and label != background
        losses.append((0.4 if damped else 1) * F.cross_entropy(score[None], torch.tensor([label])))
    return torch.stack(losses)


@pytest.mark.parametrize('scope', ['mmdet'], indirect=True)
def test_in_a_two_stage_box_head(scope):
    """Faster R-CNN's head: the weights of ignored boxes are 0, the mean is over the others."""
    head = MODELS.build(
        dict(
            type='Shared2FCBBoxHead',
            in_channels=4,
            fc_out_channels=8,
            roi_feat_size=2,
            num_classes=CLASSES,
            loss_cls=IN_DETECTOR,
        )
    )
    torch.manual_seed(0)
    scores, boxes = head(torch.randn(40, 4, 2, 2))
    scores = scores * 30
    assert scores.shape == (40, CLASSES + 1)
    labels = torch.randint(CLASSES + 1, (40,))
    weights = (torch.rand(40) > 0.3).float()
    losses = head.loss(scores, boxes, torch.zeros(40, 5), labels, weights, torch.zeros(40, 4), torch.zeros(40, 4))
    expected = (slow_losses(scores, labels, CLASSES) * weights).sum() / weights.sum()
    torch.testing.assert_close(losses['loss_cls'], expected)
    kept = weights > 0
    damped = (scores.topk(2).indices == labels[:, None]).any(1) & (labels != CLASSES)
    assert head.loss_cls.statistics['tolerated'].item() == pytest.approx(damped[kept].float().mean().item())
    all_ignored = head.loss(
        scores, boxes, torch.zeros(40, 5), labels, weights * 0, torch.zeros(40, 4), torch.zeros(40, 4)
    )
    assert all_ignored['loss_cls'] == 0 and head.loss_cls.statistics['tolerated'] == 0


def detection_samples():
    from mmdet.structures import DetDataSample

    sample = DetDataSample(metainfo=dict(img_shape=(64, 64), batch_input_shape=(64, 64), pad_shape=(64, 64)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[4.0, 4.0, 40.0, 44.0], [20.0, 30.0, 60.0, 60.0]]), labels=torch.tensor([0, 2])
    )
    return [sample]


@pytest.mark.parametrize('scope', ['mmdet'], indirect=True)
def test_in_dense_heads(scope):
    """RetinaNet's and FCOS's heads get softmax scores with a background, as mmdet's own cross entropy would give."""
    retina = dict(
        type='RetinaHead',
        in_channels=4,
        feat_channels=4,
        stacked_convs=1,
        anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], scales=[4], strides=[8, 16]),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
        train_cfg=dict(
            assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1),
            sampler=dict(type='PseudoSampler'),
            allowed_border=-1,
            pos_weight=-1,
        ),
    )
    fcos = dict(type='FCOSHead', in_channels=4, feat_channels=4, stacked_convs=1, strides=(8, 16), norm_cfg=None)
    for settings in (retina, dict(fcos, regress_ranges=((-1, 32), (32, 1e8)))):
        values = []
        for loss in (
            dict(type='CrossEntropyLoss', use_sigmoid=False),
            dict(IN_DETECTOR, alpha=1.0),
            IN_DETECTOR,
            SMT,
        ):
            torch.manual_seed(1)
            head = MODELS.build(dict(settings, num_classes=CLASSES, loss_cls=loss))
            layer = head.retina_cls if hasattr(head, 'retina_cls') else head.conv_cls
            layer.bias.data[-1] += 2  # as after some training: most boxes are taken for background
            features = tuple(torch.randn(1, 4, side, side) for side in (8, 4))
            calls = []
            head.loss_cls.register_forward_hook(lambda *call, to=calls: to.append(call[1:]), with_kwargs=True)
            losses = head.loss(features, detection_samples())['loss_cls']
            values.append((sum(losses) if isinstance(losses, list) else losses).item())
        for (scores, labels, *weights), kwargs, loss in calls:  # of one level, or of all
            expected = slow_losses(scores, labels) * (weights[0] if weights else 1)
            torch.testing.assert_close(loss, expected.sum() / kwargs['avg_factor'])
        cross_entropy, alpha_1, with_background, without = values
        assert head.cls_out_channels == CLASSES + 1
        assert alpha_1 == pytest.approx(cross_entropy, rel=1e-5)
        assert without < with_background < cross_entropy  # here the background's boxes are damped too


@pytest.mark.parametrize('scope', ['mmdet'], indirect=True)
def test_settings_of_a_focal_loss_left_in_the_config_are_refused(scope):
    with pytest.raises(TypeError, match='use_sigmoid'):
        MODELS.build(
            dict(type='FCOSHead', in_channels=4, num_classes=2, loss_cls=dict(SMT, use_sigmoid=True, gamma=2.0))
        )


@pytest.mark.parametrize('scope', ['mmpretrain'], indirect=True)
@pytest.mark.parametrize('augment', [dict(type='Mixup', alpha=1.0), dict(type='CutMix', alpha=1.0)])
@pytest.mark.parametrize(
    'head',
    [
        dict(type='LinearClsHead', in_channels=8),
        dict(type='StackedLinearClsHead', in_channels=8, mid_channels=[6]),
        dict(type='sltnet_mm.CAMHead', in_channels=8),
    ],
)
def test_mixed_labels_reach_the_loss(scope, head, augment):
    """The classifier's own preprocessor mixes them; each class of a mixed label is tolerated for itself."""
    torch.manual_seed(0)
    np.random.seed(0)  # Where CutMix cuts: some boxes are empty.
    neck = None if 'CAMHead' in head['type'] else dict(type='GlobalAveragePooling')
    model = MMPRETRAIN_MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='sltnet_mm.SmallConvNet', width=2, pools=(0, 1)),
            neck=neck,
            head=dict(head, num_classes=5, loss=SMT),
            data_preprocessor=dict(mean=[127.5] * 3, std=[64.0] * 3, num_classes=5),
            train_cfg=dict(augments=augment),
        )
    )
    samples = [DataSample().set_gt_label(i % 5) for i in range(6)]
    images = list(torch.randint(256, (6, 3, 16, 16), dtype=torch.uint8))
    batch = model.data_preprocessor(dict(inputs=images, data_samples=samples), training=True)
    shares = torch.stack([sample.gt_score for sample in batch['data_samples']])
    assert ((shares > 0).sum(1) == 2).any()  # mixed indeed
    model.eval()
    logits = model(batch['inputs'], mode='tensor')
    expected = sum(
        share * slow_losses(score[None], torch.tensor([c]))[0]
        for score, row in zip(logits, shares, strict=True)
        for c, share in enumerate(row)
    )
    losses = model(batch['inputs'], batch['data_samples'], mode='loss')
    assert set(losses) == ({'loss_smt'} if neck is None else {'loss'})
    torch.testing.assert_close(next(iter(losses.values())), expected / 6)
