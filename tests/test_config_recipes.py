"""The recipes of Sec. 4.1 in the configs' final values, and the weights they name."""

import functools
import re

import pytest
import torch
from config_runs import CONFIGS
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from sltnet_mm.config import unwrapped

OF_THE_PAPER = [
    path
    for path in CONFIGS
    if path.stem.endswith(('_cub', '_ilsvrc')) and path.parent.name not in ('ddt', 'other_methods')
]
BACKBONES = ('vgg16', 'inceptionv3', 'resnet50', 'densenet161')
TABLE_5 = ('cam', 'smt-top1', 'smt', 'vst', 'slt-localizer')
CLASSES = dict(cub=200, ilsvrc=1000)
TOLERANCE = dict(cub=(30, 0.4), ilsvrc=(100, 0.2))
EPOCHS = dict(cub=4, ilsvrc=2)
DATASETS = dict(cub='sltnet_mm.CUBLocalization', ilsvrc='sltnet_mm.ILSVRCLocalization')
TEACHER = dict(cub='vgg16', ilsvrc='inceptionv3')


def stems():
    return {path.stem for path in OF_THE_PAPER}


def parts(cfg):
    """Localizer and regressor of any config that has them."""
    model = cfg.model
    if model.type == 'sltnet_mm.SLTNet':
        return model.localizer, model.regressor
    return (None, model) if 'bbox_head' in model else (model, None)


@pytest.mark.parametrize('data', ['cub', 'ilsvrc'])
def test_every_row_of_the_paper_has_its_config(data):
    epochs, usual = dict(cub=('4e', '50e'), ilsvrc=('2e', '10e'))[data]
    wanted = {f'{kind}_vgg16_1xb16-{epochs}_{data}' for kind in TABLE_5}
    for backbone in BACKBONES:
        kinds = ('cam', 'slt-localizer', 'slt-net', 'regressor', 'psol')
        wanted |= {f'{kind}_{backbone}_1xb16-{epochs}_{data}' for kind in kinds}
        wanted.add(f'cam_{backbone}_1xb16-{usual}_{data}')
        wanted.add(f'classifier_{backbone}_{"1xb32-30e" if data == "cub" else "pretrained"}_{data}')
    assert not wanted - stems()


@pytest.mark.parametrize('path', OF_THE_PAPER, ids=lambda path: path.stem)
def test_values_are_the_papers(path):
    cfg = Config.fromfile(path)
    kind, backbone, _, data = re.fullmatch(r'([^_]+)_([^_]+)_([^_]+)_([^_]+)', path.stem).groups()
    side, resize = (299, 320) if backbone == 'inceptionv3' else (224, 256)
    localizer, regressor = parts(cfg)
    # images: both sides to 256 (320), random crop of 224 (299), flips; one resized view, or ten crops, at test
    tests = [step for step in cfg.test_dataloader.dataset.pipeline if step.type.startswith('sltnet_mm.')]
    assert tests[-2:] == [
        dict(type='sltnet_mm.ResizeCrop', resize=side),
        dict(type='sltnet_mm.PackLocalizationInputs'),
    ]
    crops = [dict(type='sltnet_mm.TenCrop', resize=resize, crop=side)] if kind == 'classifier' else []
    assert tests[:-2] == crops
    if cfg.get('train_dataloader'):
        view = next(step for step in cfg.train_dataloader.dataset.pipeline if step.type == 'sltnet_mm.ResizeCrop')
        assert view == dict(type='sltnet_mm.ResizeCrop', resize=resize, crop=side, mode='random', flip_prob=0.5)
        train = unwrapped(cfg.train_dataloader.dataset)
        assert (train.type, train.split) == (DATASETS[data], 'train')
    test = unwrapped(cfg.test_dataloader.dataset)
    assert (test.type, test.split) == (DATASETS[data], 'test')
    if kind == 'classifier':
        return
    # optimization
    usual = cfg.train_cfg.max_epochs > 4
    faster = localizer is None and kind != 'regressor-literal'  # the regressor's rate is a reading of ours
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.001 if usual or faster else 0.0002, momentum=0.9, weight_decay=0.0005
    )
    assert cfg.train_dataloader.batch_size == 16
    factors = dict(head=10)
    if localizer is not None and regressor is not None:
        factors = {'localizer.head': 10, 'regressor': 1 if kind == 'slt-net-literal' else 5}
    rates = None if localizer is None else dict(custom_keys={key: dict(lr_mult=by) for key, by in factors.items()})
    assert cfg.optim_wrapper.get('paramwise_cfg') == rates
    if not usual:
        assert cfg.train_cfg.max_epochs == EPOCHS[data]
        assert cfg.param_scheduler == []
    # parts
    if localizer is not None:
        head = localizer.head
        assert head.num_classes == CLASSES[data]
        if kind in ('cam', 'vst'):
            assert (head.loss.type, head.top_k) == ('CrossEntropyLoss', 1)
        else:
            assert (head.loss.type, head.loss.top_k, head.loss.alpha) == ('sltnet_mm.SMTLoss', *TOLERANCE[data])
            assert head.get('top_k') == (1 if kind == 'smt-top1' else None)
        with_views = kind.startswith(('vst', 'slt'))
        assert len(cfg.get('custom_hooks', [])) == with_views
        if with_views:
            hook = dict(cfg.custom_hooks[0])
            assert hook.pop('type') == 'sltnet_mm.VSTHook'
            assert hook.pop('module', '') == ('localizer' if regressor is not None else '')
            form = dict(top_k='head', weight=0.3)  # what the study in docs/benchmarks.md chose
            if 'literal' in kind or 'mse' in kind:
                form = dict(weight=10.0, normalization='none', reduction='class_sum' if 'literal' in kind else 'mean')
            assert hook == dict(form, cam_layer='head.cam')
    if regressor is not None:
        head = dict(regressor.bbox_head)
        assert head.get('input_size', 224) == side
        mean = kind == 'psol' and backbone in ('resnet50', 'densenet161')  # as in PSOL
        if mean or 'literal' in kind:
            assert head['type'] == 'sltnet_mm.SingleBoxHead'
            assert (head.get('pool_size', 7), head['reduce_channels']) == (None if mean else 7, None)
        else:
            assert head['type'] == 'sltnet_mm.SoftArgmaxBoxHead'
            assert head['stride'] == head.get('downsample', 16) == (16 if backbone == 'vgg16' else 32)
    if kind.startswith('regressor'):
        teacher = f'slt-localizer_{TEACHER[data]}_1xb16-{EPOCHS[data]}e_{data}'
        assert cfg.train_dataloader.dataset.boxes == f'work_dirs/{teacher}/pseudo_boxes.json'
        assert teacher in stems()
    if kind == 'psol':
        assert cfg.train_dataloader.dataset.boxes == f'work_dirs/ddt_vgg16_{data}/pseudo_boxes.json'


@pytest.mark.parametrize('path', OF_THE_PAPER, ids=lambda path: path.stem)
def test_every_network_names_its_weights(path):
    """No part of a config of the paper starts from random weights."""
    backbone = path.stem.split('_')[1]
    cfg = Config.fromfile(path)
    localizer, regressor = parts(cfg)
    for part in (localizer, regressor):
        if part is None:
            continue
        init = part.backbone.init_cfg
        assert (init.type, init['_scope_'], init.prefix) == ('Pretrained', 'sltnet_mm', 'backbone')
        assert init.checkpoint == cfg.pretrained[backbone]
        assert init.checkpoint.startswith('https://download.openmmlab.com/mmclassification/v0/')
    if path.stem.startswith('classifier') and path.stem.endswith('ilsvrc'):
        assert cfg.load_from == cfg.pretrained[backbone]  # its head's too


def test_one_variable_sets_all_weights_and_another_sets_one(monkeypatch):
    path = next(path for path in CONFIGS if path.stem == 'slt-net_vgg16_1xb16-4e_cub')
    monkeypatch.setenv('SLTNET_WEIGHTS', '/mirror')
    checkpoint = Config.fromfile(path).model.localizer.backbone.init_cfg.checkpoint
    assert checkpoint == '/mirror/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'
    monkeypatch.setenv('SLTNET_VGG16', 'data/weights/vgg16.pth')
    cfg = Config.fromfile(path)
    assert {cfg.model[part].backbone.init_cfg.checkpoint for part in ('localizer', 'regressor')} == {
        'data/weights/vgg16.pth'
    }
    assert cfg.pretrained.resnet50.startswith('/mirror/resnet/')


def test_the_page_on_networks_counts_right(monkeypatch):
    """Parameters and image sides in docs/networks.md are those of the CUB configs."""
    # mmpretrain's ResNet reads the numbers of a linspace when it is built
    monkeypatch.setattr(torch, 'linspace', functools.partial(torch.linspace, device='cpu'))
    page = (CONFIGS[0].parents[2] / 'docs' / 'networks.md').read_text()
    stems = dict(localizer='cam_{}_1xb16-4e_cub', regressor='regressor_{}_1xb16-4e_cub')
    rows = re.findall(r'^\| (localizer|regressor|classifier) \| (\w+) \| (\d+) \| \w+ \| ([\d.]+) \|', page, re.M)
    assert len(rows) == 12
    for part, backbone, side, millions in rows:
        stem = stems.get(part, 'classifier_{}_1xb32-30e_cub').format(backbone)
        cfg = Config.fromfile(next(path for path in CONFIGS if path.stem == stem))
        assert cfg.test_dataloader.dataset.pipeline[-2].resize == int(side)
        init_default_scope(cfg.default_scope)
        with torch.device('meta'):
            model = MODELS.build(cfg.model)
        assert f'{sum(value.numel() for value in model.parameters()) / 1e6:.2f}' == millions, stem
