"""VSTHook on models it knows nothing of: the loss it adds, computed again by hand, and what it says where it cannot."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn import functional as F
from toy import ToyClassifier, ToyImages, samples_of

from sltnet_mm.functional import class_maps
from sltnet_mm.hooks import VSTHook

FLIP_AND_HALF = [dict(type='sltnet_mm.HorizontalFlip', prob=1.0), dict(type='sltnet_mm.Scale', scales=(0.5,))]
RAW = dict(views=FLIP_AND_HALF, weight=1.0, normalization='none')


def losses_with_hook(model, images, samples, **settings):
    hook = VSTHook(**dict(RAW, **settings))
    hook.before_train(SimpleNamespace(model=model, hooks=[]))
    model.train()
    try:
        return model(images, samples, mode='loss')
    finally:
        hook.after_train(None)
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def view_of(images):
    return F.interpolate(images.flip(3), scale_factor=0.5, mode='bilinear', align_corners=False)


def distance(maps, view_maps):
    restored = F.interpolate(view_maps, size=maps.shape[-2:], mode='bilinear', align_corners=False).flip(3)
    return F.mse_loss(restored, maps)


def classifier(head, neck=True):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MMPRETRAIN_MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=dict(
                    type='ResNet_CIFAR',
                    depth=18,
                    base_channels=4,
                    stem_channels=4,
                    norm_cfg=dict(type='GN', num_groups=2),
                ),
                neck=dict(type='GlobalAveragePooling') if neck else None,
                head=head,
            )
        )


LINEAR = dict(type='LinearClsHead', in_channels=32, num_classes=5)


def images_and_samples(count=3, side=16):
    torch.manual_seed(1)
    return torch.randn(count, 3, side, side), [DataSample().set_gt_label(i) for i in range(count)]


@pytest.mark.parametrize('feature_layer', ['backbone', 'backbone.layer4'])
def test_on_a_plain_linear_head(feature_layer):
    model = classifier(LINEAR)
    images, samples = images_and_samples()
    losses = losses_with_hook(model, images, samples, feature_layer=feature_layer, classifier='head.fc')

    def maps(batch):
        return class_maps(model.backbone(batch)[0], model.head.fc.weight)

    assert set(losses) == {'loss_host', 'loss_vst'}  # mmengine's `loss` is the total
    torch.testing.assert_close(losses['loss_vst'], distance(maps(images), maps(view_of(images))))
    torch.testing.assert_close(losses['loss_host'], F.cross_entropy(model(images), torch.arange(3)))
    model.zero_grad()
    losses['loss_vst'].backward()
    assert model.head.fc.weight.grad.abs().sum() > 0 and model.backbone.conv1.weight.grad.abs().sum() > 0


def fcos():
    from mmdet.registry import MODELS

    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(
            dict(
                type='FCOS',
                backbone=dict(
                    type='ResNet',
                    depth=18,
                    base_channels=4,
                    stem_channels=4,
                    out_indices=(1, 2, 3),
                    norm_cfg=dict(type='GN', num_groups=2),
                ),
                neck=dict(type='FPN', in_channels=[8, 16, 32], out_channels=8, num_outs=4, add_extra_convs='on_output'),
                bbox_head=dict(
                    type='FCOSHead',
                    num_classes=3,
                    in_channels=8,
                    feat_channels=8,
                    stacked_convs=1,
                    strides=[8, 16, 32, 64],
                    regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 1e8)),
                    norm_cfg=None,
                ),
            )
        )


def test_on_a_dense_head_of_mmdet_level_by_level():
    from mmdet.structures import DetDataSample

    model = fcos()
    sample = DetDataSample(metainfo=dict(img_shape=(64, 96), batch_input_shape=(64, 96), pad_shape=(64, 96)))
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[4.0, 4, 40, 44]]), labels=torch.tensor([1]))
    torch.manual_seed(1)
    images = torch.randn(1, 3, 64, 96)
    losses = losses_with_hook(model, images, [sample], cam_layer='bbox_head.conv_cls')
    pairs = zip(model(images)[0], model(view_of(images))[0], strict=True)
    levels = [distance(maps, view_maps) for maps, view_maps in pairs]
    assert len(levels) == 4 and levels[0] > 0
    torch.testing.assert_close(losses['loss_vst'], sum(levels) / 4)
    assert {'loss_cls', 'loss_bbox', 'loss_centerness', 'loss_vst'} == set(losses)


def test_a_part_keeps_the_name_that_its_owner_reads():
    class Owner(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = classifier(LINEAR)

        def forward(self, inputs, samples, mode):
            return dict(loss_of_part=self.part(inputs, samples, mode=mode)['loss'])

    losses = losses_with_hook(
        Owner(), *images_and_samples(), module='part', feature_layer='backbone', classifier='head.fc'
    )
    assert set(losses) == {'loss_of_part'}


@pytest.mark.parametrize(
    ('settings', 'error', 'message'),
    [
        (
            dict(feature_layer='backbone', classifier='head'),
            ValueError,
            "classifier='head' must be a linear layer .* LinearClsHead has no weight; linear layers in it: head.fc",
        ),
        (
            dict(feature_layer='backbone', classifier='neck'),
            ValueError,
            'GlobalAveragePooling has no weight; it contains no',
        ),
        (
            dict(feature_layer='backbone', classifier='backbone.conv1'),
            ValueError,
            r'Conv2d has a weight of shape \(4, 3, 3, 3\)',
        ),
        (
            dict(feature_layer='backbone.layer2', classifier='head.fc'),
            ValueError,
            "backbone.layer2 gives 8 channels, but classifier='head.fc' takes 32: .*sltnet_mm.CAMHead",
        ),
        (
            dict(feature_layer='neck', classifier='head.fc'),
            ValueError,
            r'neck must return maps B x C x h x w, got shape \(3, 32\); choose the layer before pooling',
        ),
        (
            dict(cam_layer='backbone'),
            TypeError,
            "cam_layer='backbone' must return one tensor of maps, but returns tuple",
        ),
        (dict(cam_layer='head.fc'), ValueError, r'head.fc must return maps B x C x h x w, got shape \(3, 5\)'),
        (dict(feature_layer='backbone', classifier='head.fcc'), ValueError, 'it has: .*head.fc'),
    ],
)
def test_a_host_that_cannot_carry_it(settings, error, message):
    with pytest.raises(error, match=message):
        losses_with_hook(classifier(LINEAR), *images_and_samples(), **settings)


def test_a_layer_that_runs_in_training_only_is_named():
    class LossOnly(ToyClassifier):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return super().forward(inputs, data_samples, mode) if mode == 'loss' else self.features(inputs)

    images, samples = samples_of(ToyImages(2), range(2))
    with pytest.raises(RuntimeError, match='cam ran 1 times with mode="loss" but 0 times with mode="tensor"; LossOnly'):
        losses_with_hook(LossOnly(), images, samples, cam_layer='cam')
