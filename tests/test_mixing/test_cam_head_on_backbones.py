"""CAMHead behind the backbones of docs/mixing.md's table, and what it says behind those that give no maps."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'mixing.md'
# | kind | `dict(type=..., ...)` | in_channels | h x w |
ROW = re.compile(r'^\| [^|]+ \| `(dict\(type=.+\))` \| (\d+) \| (\d+) x (\d+) \|', re.MULTILINE)
ROWS = [(config, int(n), (int(h), int(w))) for config, n, h, w in ROW.findall(PAGE.read_text())]
LABELS = (0, 1, 4)


def build(backbone, in_channels, **head):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=backbone,
                head=dict(
                    type='sltnet_mm.CAMHead',
                    in_channels=in_channels,
                    num_classes=5,
                    loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4),
                    **head,
                ),
                data_preprocessor=dict(mean=[127.5] * 3, std=[64.0] * 3),
            )
        )


def batch(side):
    torch.manual_seed(0)
    samples = [DataSample(metainfo=dict(img_shape=(side, side))).set_gt_label(label) for label in LABELS]
    return dict(inputs=[torch.randint(256, (3, side, side), dtype=torch.uint8) for _ in LABELS], data_samples=samples)


def test_the_table_has_every_kind():
    types = {re.search(r"type='([\w.]+)'", config).group(1) for config, _, _ in ROWS}
    assert types >= {
        'VGG',
        'ResNet',
        'DenseNet',
        'EfficientNet',
        'MobileNetV2',
        'MobileNetV3',
        'ConvNeXt',
        'SwinTransformer',
        'VisionTransformer',
        'DistilledVisionTransformer',
        'TIMMBackbone',
    }


def losses_of(model, data):
    return model(**model.data_preprocessor(data, training=True), mode='loss')


@pytest.mark.parametrize(('config', 'in_channels', 'size'), ROWS, ids=[config for config, _, _ in ROWS])
def test_row_of_the_table(config, in_channels, size):
    """Two steps of training move the map layer and the trunk; at 224 the maps have the size that the page says."""
    backbone = eval(config, {'dict': dict})
    if backbone['type'] == 'TIMMBackbone' and importlib.util.find_spec('timm') is None:
        with pytest.raises(Exception, match='timm'):  # mmpretrain's own message names the package to install
            build(backbone, in_channels)
        return
    model = build(backbone, in_channels)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    first = next(parameter for parameter in model.backbone.parameters() if parameter.requires_grad)
    before = [first.detach().clone(), model.head.cam.weight.detach().clone()]
    for _ in range(2):
        logs = model.train_step(batch(64), optimizer)
        assert torch.isfinite(logs['loss_smt'])
    assert not torch.equal(first, before[0]) and not torch.equal(model.head.cam.weight, before[1])
    model.eval()
    with torch.no_grad():
        assert model.head.class_maps(model.extract_feat(torch.rand(1, 3, 224, 224))).shape == (1, 5, *size)
        sample = model.test_step(batch(64))[0]
    assert sample.pred_score_map.shape == (64, 64) and sample.pred_score.sum() == pytest.approx(1, abs=1e-5)


VIT = dict(type='VisionTransformer', arch='deit-tiny', img_size=64, patch_size=16)


@pytest.mark.parametrize(
    ('backbone', 'in_channels', 'error', 'message'),
    [
        (VIT, 192, ValueError, r"got shape \(3, 192\): pooled features; .*out_type='featmap'"),
        (dict(VIT, out_type='raw'), 192, ValueError, r"\(3, 17, 192\): a sequence of tokens; set out_type='featmap'"),
        (
            dict(type='DistilledVisionTransformer', arch='deit-tiny', img_size=64, patch_size=16),
            192,
            TypeError,
            "got tuple as the last output of the backbone: .*out_type='featmap'",
        ),
        (dict(type='ConvNeXt', arch='atto'), 320, ValueError, r'\(3, 320\): .*gap_before_final_norm=False'),
        (
            dict(type='ResNet', depth=18),
            2048,
            ValueError,
            r'in_channels is 2048, the backbone gives 512 channels \(shape \(3, 512, 2, 2\)\)\. Set in_channels',
        ),
        (dict(type='ResNet_CIFAR', depth=18, strides=(4, 4, 2, 2)), 512, ValueError, 'one cell cannot localize'),
    ],
)
def test_a_backbone_without_maps(backbone, in_channels, error, message):
    model = build(backbone, in_channels)
    with pytest.raises(error, match=message):
        losses_of(model, batch(64))


def test_channels_last_are_recognized():
    head = build(dict(type='LeNet5'), 8).head
    with pytest.raises(ValueError, match='the backbone gives 7 channels .* its channels come last'):
        head((torch.rand(2, 7, 7, 8),))


def test_a_pooling_neck_left_in_the_config():
    model = build(dict(type='ResNet', depth=18), 512)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model.neck = MODELS.build(dict(type='GlobalAveragePooling'))
    with pytest.raises(ValueError, match='pooled features; set neck=None'):
        losses_of(model, batch(64))


def test_wrong_number_of_classes_and_typos():
    model = build(dict(type='ResNet', depth=18), 512)
    data = batch(64)
    data['data_samples'][1].set_gt_label(5)
    with pytest.raises(ValueError, match='num_classes is 5, but a sample has the label 5'):
        losses_of(model, data)
    with pytest.raises(TypeError, match='topK'):
        build(dict(type='ResNet', depth=18), 512, topK=3)
