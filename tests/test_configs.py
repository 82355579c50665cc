"""Every config: its file, its model without memory, real iterations of one per role."""

import copy
import functools
import json

import pytest
import torch
from config_runs import CONFIGS, config_of, shrink, train_and_test
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope

from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.pseudo_boxes.from_localizer import export_pseudo_boxes

ROLES = {
    'localizer': 'slt-localizer_small-conv_1xb32-10e_synthetic',
    'cam': 'cam_small-conv_1xb32-10e_synthetic',
    'slt_net': 'slt-net_small-conv_1xb32-10e_synthetic',
    'classifier': 'classifier_small-conv_1xb32-10e_synthetic',
    'regressor': 'regressor_small-conv_1xb32-10e_synthetic',
}
DATA = ('synthetic', 'custom', 'cub', 'cubv2', 'photos31', 'marks36', 'ilsvrc', 'imagenetv2', 'openimages')
every_config = pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)


def test_names_are_unique_and_say_their_data():
    stems = [path.stem for path in CONFIGS]
    assert len(set(stems)) == len(stems)  # mim finds configs by name
    assert all(stem.split('_')[-1] in DATA for stem in stems)


@every_config
def test_first_line_says_what_it_is(path):
    assert path.read_text().startswith('# ')


@every_config
def test_model_builds_on_the_meta_device(path, monkeypatch):
    cfg = Config.fromfile(path)
    assert cfg.default_scope in ('mmdet', 'mmpretrain')
    init_default_scope(cfg.default_scope)
    if cfg.model.get('backbone', {}).get('type') == 'TIMMBackbone':
        del cfg.model.backbone.checkpoint_path  # timm reads it when it builds
    # mmpretrain's ResNet reads the numbers of a linspace when it is built
    monkeypatch.setattr(torch, 'linspace', functools.partial(torch.linspace, device='cpu'))
    with torch.device('meta'):
        model = MODELS.build(copy.deepcopy(cfg.model))
    assert all(parameter.is_meta for parameter in model.parameters())
    heads = [
        module
        for name, module in model.named_modules()
        if name.endswith('head') and not name.endswith('rpn_head') and hasattr(module, 'num_classes')
    ]
    assert len({head.num_classes for head in heads}) <= 1
    names = [name for name, _ in model.named_parameters()]
    for key in (cfg.get('optim_wrapper') or {}).get('paramwise_cfg', {}).get('custom_keys', {}):
        assert any(key in name for name in names), f'{key} has a learning rate of its own, but no parameter'


def test_regressor_config_names_the_embedded_classes():
    cfg = config_of(ROLES['regressor'])
    images = cfg.train_dataloader.dataset.dataset
    assert DATASETS.build(images).metainfo['classes'] == SyntheticLocalization(split='train').metainfo['classes']


@pytest.mark.parametrize('role', ['localizer', 'cam', 'slt_net', 'classifier'])
def test_one_config_per_role_trains_two_iterations(tmp_path, role):
    outcome = train_and_test(shrink(config_of(ROLES[role]), tmp_path))
    expected = {
        'localizer': {'train/loss_smt', 'train/loss_vst'},
        'cam': {'train/loss_cls'},
        'classifier': set(),
        'slt_net': {'train/loss_smt', 'train/loss_vst', 'train/loss_bbox'},
    }[role]
    assert set(outcome['losses']) == {'train/loss', *expected}
    wanted = dict(
        localizer='map/sltnet/gt_known',
        cam='map/sltnet/gt_known',
        slt_net='box/sltnet/gt_known',
        classifier='accuracy/top1',
    )
    assert 0 <= outcome['metrics'][wanted[role]] <= 100
    if role == 'localizer':
        assert outcome['metrics']['accuracy/top1'] == pytest.approx(outcome['metrics']['cls/top1'])


def test_pseudo_boxes_of_a_localizer_train_the_regressor(tmp_path):
    cfg = shrink(config_of(ROLES['localizer']), tmp_path)
    init_default_scope('mmpretrain')
    model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'localizer.pth')
    boxes = export_pseudo_boxes(cfg, tmp_path / 'localizer.pth')
    assert len(boxes['annotations']) + len(boxes['info']['images_without_box']) == len(boxes['images']) == 12
    x, y, w, h = boxes['annotations'][0]['bbox']
    assert 0 <= x < x + w <= 64 and 0 <= y < y + h <= 64
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    regressor = shrink(config_of(ROLES['regressor']), tmp_path / 'regressor')
    regressor.train_dataloader.dataset.boxes = str(tmp_path / 'boxes.json')
    outcome = train_and_test(regressor)
    assert set(outcome['losses']) == {'train/loss', 'train/loss_bbox'}
    assert 0 <= outcome['metrics']['box/sltnet/gt_known'] <= 100
