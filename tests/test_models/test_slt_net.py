"""SLTNet: how the parts meet, where a mistake would be silent."""

import copy
import subprocess
import sys

import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss as MMDetCrossEntropyLoss
from mmdet.registry import MODELS
from mmengine.runner import load_checkpoint
from mmpretrain.models.losses import CrossEntropyLoss
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from sltnet_mm.functional import average_top_k_maps, regression_loss, score_map_to_box, smt_loss, to_score_map
from sltnet_mm.hooks import VSTHook
from sltnet_mm.weights.checkpoints import merge_parts

SIDE = 32
BACKBONE = dict(type='sltnet_mm.SmallConvNet', width=4)
CLASSIFIER = dict(
    type='mmpretrain.ImageClassifier',
    backbone=BACKBONE,
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', in_channels=16, num_classes=6),
)
CONFIG = dict(
    type='sltnet_mm.SLTNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[120.0, 115.0, 105.0], std=[60.0, 61.0, 62.0], bgr_to_rgb=True
    ),
    localizer=dict(
        type='mmpretrain.ImageClassifier',
        backbone=BACKBONE,
        head=dict(
            type='sltnet_mm.CAMHead',
            in_channels=16,
            num_classes=6,
            loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4),
        ),
    ),
    pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator', threshold=0.2),
    regressor=dict(
        type='mmdet.SingleStageDetector',
        backbone=BACKBONE,
        bbox_head=dict(type='sltnet_mm.SingleBoxHead', in_channels=16, feat_channels=8, downsample=4, input_size=SIDE),
    ),
)


@pytest.fixture(autouse=True)
def mmdet_scope():
    from mmdet.utils import register_all_modules

    register_all_modules()


def build(**changes):
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(dict(CONFIG, **changes)))
    with torch.no_grad():
        model.localizer.head.cam.weight.mul_(100)  # maps with contrast
    return model


def make_samples(count=4):
    meta = dict(
        img_shape=(SIDE, SIDE),
        ori_shape=(SIDE * 2, SIDE * 2),
        img_path='some.jpg',
        flip=False,
        homography_matrix=[[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]],
    )
    return [DataSample(metainfo=meta).set_gt_label(i) for i in range(count)]


def images(count=4):
    return F.interpolate(
        torch.randn(count, 3, 6, 6, generator=torch.Generator().manual_seed(1)), size=SIDE, mode='bilinear'
    )


def add_hook(model, **settings):
    """A VSTHook on the localizer, armed as the runner would."""
    hook = VSTHook(module='localizer', cam_layer='head.cam', **settings)
    runner = type('Runner', (), dict(model=model, hooks=[]))
    hook.before_train(runner)
    return hook


def expected_losses(model, batch, samples):
    """The losses of eq. 2 and 3 from the parts, one by one."""
    maps = model.localizer.head.class_maps(model.localizer.extract_feat(batch))
    logits = maps.mean(dim=(2, 3))
    score_maps = to_score_map(average_top_k_maps(maps, logits, 2), (SIDE, SIDE))
    boxes = score_map_to_box(score_maps, 0.2)
    labels = torch.cat([sample.gt_label for sample in samples])
    return dict(
        loss_smt=smt_loss(logits, labels, 2, 0.4),
        loss_bbox=regression_loss(model.regressor(batch, mode='tensor'), boxes / 4),
    ), boxes


def in_eval_statistics(model):
    """Training mode without batch norm's own statistics, so that separate passes agree."""
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    return model


def test_losses_are_those_of_the_parts():
    model, samples = in_eval_statistics(build()), make_samples()
    expected, boxes = expected_losses(model, images(), samples)
    losses = model(images(), samples, mode='loss')
    assert set(losses) == {'loss_smt', 'loss_bbox'}
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
    torch.testing.assert_close(torch.cat([sample.gt_instances.bboxes for sample in samples]), boxes)


def test_pseudo_boxes_are_those_of_the_original_view_with_the_hook_on():
    plain, hooked = in_eval_statistics(build()), in_eval_statistics(build())
    add_hook(
        hooked, views=[dict(type='sltnet_mm.HorizontalFlip', prob=1.0), dict(type='sltnet_mm.Scale', scales=(0.5,))]
    )
    samples, hooked_samples = make_samples(), make_samples()
    losses, hooked_losses = plain(images(), samples, mode='loss'), hooked(images(), hooked_samples, mode='loss')
    assert set(hooked_losses) == {'loss_smt', 'loss_vst', 'loss_bbox'}
    for ours, theirs in zip(samples, hooked_samples, strict=True):
        assert torch.equal(ours.gt_instances.bboxes, theirs.gt_instances.bboxes)
    torch.testing.assert_close(losses['loss_bbox'], hooked_losses['loss_bbox'])


def test_view_normalization_is_the_root_models():
    model = build()
    hook = add_hook(model)
    assert hook._images.mean.flatten().tolist() == [120, 115, 105] and hook._images.bgr is False


def test_regressor_loss_leaves_the_localizer_alone_and_every_part_learns():
    model = in_eval_statistics(build())
    losses = model(images(), make_samples(), mode='loss')
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(losses['loss_bbox'], parameters.values(), retain_graph=True, allow_unused=True)
    touched = {name.split('.')[0] for name, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
    assert touched == {'regressor'}
    sum(losses.values()).backward()
    assert all(value.grad is not None for value in parameters.values())


def test_a_training_step_reads_no_value_back_from_the_device():
    # the meta device has no values: whatever would wait for a GPU (item, bool, nonzero, .cpu()) raises on it
    with torch.device('meta'):
        model = MODELS.build(copy.deepcopy(CONFIG)).train()
        samples = make_samples()
        for sample in samples:
            sample.gt_label = torch.zeros(1, dtype=torch.long)
        add_hook(model)
        losses = model(torch.zeros(4, 3, SIDE, SIDE), samples, mode='loss')
        sum(losses.values()).backward()
    assert set(losses) == {'loss_smt', 'loss_vst', 'loss_bbox'} and all(loss.is_meta for loss in losses.values())


def test_gradients_survive_autocast():
    model = in_eval_statistics(build())
    add_hook(model)
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(images(), make_samples(), mode='loss')
    sum(losses.values()).backward()
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    assert all(value.grad is not None for value in model.parameters())


def test_image_without_foreground_has_weight_zero_and_is_counted():
    model, samples = in_eval_statistics(build()), make_samples(2)
    with torch.no_grad():
        model.localizer.head.cam.weight.zero_()
    losses = model(images(2), samples, mode='loss')
    assert samples[0].gt_instances.bboxes.tolist() == [[0, 0, SIDE, SIDE]]
    assert losses['loss_bbox'].item() == 0 and losses['loss_bbox'].requires_grad
    assert model.statistics['images_without_pseudo_box'].item() == 2
    model(images(2), make_samples(2), mode='loss')
    assert model.statistics['images_without_pseudo_box'].item() == 4


def test_mmpretrain_parts_are_built_from_mmpretrain():
    model = build(classifier=CLASSIFIER)
    assert type(model.classifier.head.loss_module) is CrossEntropyLoss is not MMDetCrossEntropyLoss
    assert 'ClsDataPreprocessor' in type(model.localizer.data_preprocessor).__name__


def test_the_config_is_left_as_it_was():
    config = copy.deepcopy(dict(CONFIG, classifier=CLASSIFIER))
    before = copy.deepcopy(config)
    MODELS.build(config)
    assert config == before


def test_predictions_from_regressor_and_localizer():
    model = build(test_cfg=dict(score_map=True)).eval()
    with torch.no_grad():
        samples = model(images(), make_samples(), mode='predict')
        from_localizer = build(test_cfg=dict(box_from='localizer')).eval()(images(), make_samples(), mode='predict')
        logits, boxes = model.localizer(images(), mode='tensor'), model.regressor(images(), mode='tensor') * 4
    for i, sample in enumerate(samples):
        found = sample.pred_instances
        assert found.bboxes.shape == (5, 4) and (found.bboxes == found.bboxes[0]).all()
        torch.testing.assert_close(
            found.bboxes[0], (boxes[i] * 2).clamp(0, 2 * SIDE)
        )  # original pixels: twice the input's
        scores, labels = logits[i].softmax(0).topk(5)
        torch.testing.assert_close(found.scores, scores)
        assert torch.equal(found.labels, labels) and sample.pred_label.item() == labels[0]
        box = score_map_to_box(sample.pred_score_map)
        torch.testing.assert_close(from_localizer[i].pred_instances.bboxes[0], box * 2)
        assert 'pred_score_map' not in from_localizer[i]


def test_a_flip_is_undone():
    model = build().eval()
    with torch.no_grad():  # at the start, all boxes are centered
        model.regressor.bbox_head.layers.fc_box.bias[:2] *= 0.5
    straight, flipped = make_samples(1), make_samples(1)
    flipped[0].set_metainfo(
        dict(flip=True, flip_direction='horizontal', homography_matrix=[[-0.5, 0, SIDE], [0, 0.5, 0], [0, 0, 1]])
    )
    with torch.no_grad():
        one, other = (
            model(images(1), samples, mode='predict')[0].pred_instances.bboxes[0].tolist()
            for samples in (straight, flipped)
        )
    assert one[0] + one[2] != pytest.approx(2 * SIDE)  # a centered box would be its own mirror image
    assert other == pytest.approx([2 * SIDE - one[2], one[1], 2 * SIDE - one[0], one[3]])


def test_classifier_without_weights_is_an_error_not_a_guess(tmp_path):
    model = build(classifier=CLASSIFIER).eval()
    with pytest.raises(RuntimeError, match='merge_parts.py'):
        model(images(), make_samples(), mode='predict')
    torch.save(dict(state_dict=build().state_dict()), tmp_path / 'slt.pth')
    load_checkpoint(model, str(tmp_path / 'slt.pth'))
    with pytest.raises(RuntimeError, match='never loaded'):
        model(images(), make_samples(), mode='predict')


def test_merged_classifier_names_the_object(tmp_path):
    slt, classifier = build(), MODELS.build(dict(CLASSIFIER, _scope_='mmpretrain')).eval()
    torch.save(dict(state_dict=slt.state_dict(), meta=dict(dataset_meta=dict(classes=('x',)))), tmp_path / 'slt.pth')
    torch.save(dict(state_dict=classifier.state_dict()), tmp_path / 'classifier.pth')
    merge_parts(tmp_path / 'slt.pth', tmp_path / 'classifier.pth', tmp_path / 'merged.pth')
    model = build(classifier=CLASSIFIER)
    checkpoint = load_checkpoint(model, str(tmp_path / 'merged.pth'))
    assert checkpoint['meta']['dataset_meta'] == dict(classes=('x',))
    with torch.no_grad():
        sample = model.eval()(images(), make_samples(), mode='predict')[2]
        torch.testing.assert_close(sample.pred_score, classifier(images(), mode='tensor')[2].softmax(0))
    with pytest.raises(ValueError, match='must be a checkpoint of SLTNet'):
        merge_parts(tmp_path / 'classifier.pth', tmp_path / 'classifier.pth', tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='must not be a checkpoint of SLTNet'):
        merge_parts(tmp_path / 'slt.pth', tmp_path / 'merged.pth', tmp_path / 'x.pth')


def test_crops_are_classified_in_place_of_the_image_and_averaged():
    model = build(classifier=CLASSIFIER).eval()
    model.classifier.load_state_dict(model.classifier.state_dict())  # counts as loaded
    crops = torch.randint(0, 256, (2, 10, 3, 24, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    samples = make_samples(2)
    for sample, ten in zip(samples, crops, strict=True):
        sample.crops = ten
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in ([120.0, 115.0, 105.0], [60.0, 61.0, 62.0]))
    with torch.no_grad():
        predicted = model(images(2), samples, mode='predict')
        for sample, ten in zip(predicted, crops, strict=True):
            each = [
                model.classifier((crop.flip(0).float() - mean)[None] / std, mode='tensor').softmax(1)[0] for crop in ten
            ]
            torch.testing.assert_close(sample.pred_score, torch.stack(each).mean(0))


def test_classifier_stays_frozen_in_training():
    model = build(classifier=CLASSIFIER).train()
    assert not model.classifier.training and model.localizer.training and model.regressor.training
    before = copy.deepcopy(model.classifier.state_dict())
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0, weight_decay=0.1)
    sum(model(images(), make_samples(), mode='loss').values()).backward()
    optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in model.classifier.state_dict().items())


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(test_cfg=dict(box_from='classifier')), "got 'classifier'"),
        (dict(test_cfg=dict(boxfrom='localizer')), "unknown test_cfg .'boxfrom'"),
        (dict(test_cfg=dict(max_labels=0)), 'max_labels'),
        (dict(train_cfg=dict(a=1)), 'no train_cfg'),
        (dict(localizer=CLASSIFIER), 'must have the map layer `cam`'),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_without_mmdet_the_other_parts_work_and_sltnet_says_what_is_missing():
    code = """
import sys
sys.modules['mmdet'] = None  # as if it were not there
from sltnet_mm.registry import MODELS
import torch
assert MODELS.build(dict(type='CAMHead', num_classes=3, in_channels=4))((torch.rand(1, 4, 2, 2),)).shape == (1, 3)
try:
    MODELS.build(dict(type='SLTNet'))
except ImportError as error:
    assert 'SLTNet needs mmdet' in str(error), error
else:
    raise SystemExit('no error')
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
