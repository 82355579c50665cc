"""How the configs are built: every base is used, what is shared stands once, variants differ as their names say."""

import ast
from pathlib import Path

import pytest
from config_runs import CONFIGS, config_of
from mmengine.config import Config

ROOT = Path(__file__).parents[1] / 'configs'
BASES = sorted((ROOT / '_base_').rglob('*.py'))
BACKBONES = ('vgg16', 'inceptionv3', 'resnet50', 'densenet161', 'squeezenet1-1', 'small-conv')


def bases_of(path: Path) -> list[Path]:
    """The files that a config names in ``_base_``, those of other packages left out."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            return [(path.parent / name).resolve() for name in ast.literal_eval(node.value) if '::' not in name]
    return []


def differences(one, other, key: str = '') -> set[str]:
    """Dotted names of what differs between two configs."""
    if isinstance(one, dict) and isinstance(other, dict):
        prefix = f'{key}.' if key else ''
        names = one.keys() | other.keys()
        return {found for name in names for found in differences(one.get(name), other.get(name), prefix + name)}
    return set() if one == other else {key}


def resolved(stem: str) -> dict:
    return config_of(stem).to_dict()


def without_scope(value):
    """The same with types as the hosts themselves write them: 'VGG' for 'mmpretrain.VGG'."""
    if isinstance(value, dict):
        return {key: without_scope(item) for key, item in value.items()}
    return value.removeprefix('mmpretrain.').removeprefix('mmdet.') if isinstance(value, str) else value


def test_every_base_is_used_by_a_config():
    used, waiting = set(), list(CONFIGS)
    while waiting:
        found = [path for path in bases_of(waiting.pop()) if path not in used]
        used.update(found)
        waiting.extend(found)
    assert not set(BASES) - used


def test_names_are_unique_with_the_bases():
    stems = [path.stem for path in (*CONFIGS, *BASES)]
    assert len(set(stems)) == len(stems)


def test_keys_are_deleted_only_where_one_type_replaces_another():
    found = {path.stem for path in (*CONFIGS, *BASES) if '_delete_' in path.read_text()}
    wrappers = {path.stem for path in BASES if '_pseudo_boxes' in path.stem}
    heads = {path.stem for path in CONFIGS if 'sltnet_mm.SingleBoxHead' in path.read_text()}
    heads |= {path.stem for path in CONFIGS if path.stem.startswith(('psol-own', 'backprop'))}
    assert found == wrappers | heads | {'rtmdet-pseudo-boxes_squeezenet1-1_1xb16-24e_photos31'}


def test_l_vst_is_only_in_the_bases():
    files = [path for path in (*CONFIGS, *BASES) if 'VSTHook' in path.read_text()]
    assert {path.parent for path in files} == {ROOT / '_base_/hooks'}


@pytest.mark.parametrize('backbone', BACKBONES)
def test_the_joint_model_is_its_two_parts(backbone):
    """slt-net_<network>.py writes out what cam_ and regressor_<network>.py have; the loss and the map are its own."""
    models = ROOT / '_base_/models'
    cam, regressor, joint = (
        without_scope(Config.fromfile(models / f'{kind}_{backbone}.py').model.to_dict())
        for kind in ('cam', 'regressor', 'slt-net')
    )
    assert joint['data_preprocessor'] == regressor.pop('data_preprocessor')
    given = cam.pop('data_preprocessor')
    swap = {'bgr_to_rgb': given.pop('to_rgb'), 'type': 'DetDataPreprocessor'}
    assert joint['data_preprocessor'] == {**given, **swap}
    assert joint['regressor'] == regressor
    found = differences(joint['localizer'], cam)
    assert {name for name in found if not name.startswith('head.loss.')} <= {'head.num_classes', 'head.top_k'}


@pytest.mark.parametrize(
    'end',
    [
        'vgg16_1xb16-4e_cub',
        'vgg16_1xb16-2e_ilsvrc',
        'squeezenet1-1_1xb16-4e_photos31',
        'squeezenet1-1_1xb16-4e_marks36',
        'small-conv_1xb32-10e_synthetic',
    ],
)
def test_rows_of_the_ablation_differ_in_one_thing(end):
    cam, top1, smt, vst, slt = (
        resolved(f'{kind}_{end}') for kind in ('cam', 'smt-top1', 'smt', 'vst', 'slt-localizer')
    )
    assert differences(cam, vst) == {'custom_hooks'} == differences(smt, slt)
    assert differences(cam, top1) == {f'model.head.loss.{name}' for name in ('type', 'top_k', 'alpha')}
    assert differences(top1, smt) == {'model.head.top_k'}
    assert vst['custom_hooks'] == slt['custom_hooks']


@pytest.mark.parametrize('end', ['vgg16_1xb16-4e_cub', 'vgg16_1xb16-2e_ilsvrc'])
def test_other_forms_of_l_vst_differ_in_the_hook_alone(end):
    for form in ('literal', 'mse'):
        found = differences(resolved(f'slt-localizer_{end}'), resolved(f'slt-localizer-{form}_{end}'))
        assert found == {'custom_hooks'}


@pytest.mark.parametrize('end', ['vgg16_1xb16-4e_cub', 'vgg16_1xb16-2e_ilsvrc'])
def test_the_literal_regressor_is_the_flattened_map_and_the_papers_rate(end):
    names = {'backbone.with_last_pool', 'bbox_head.type', 'bbox_head.stride'}
    found = differences(resolved(f'regressor_{end}'), resolved(f'regressor-literal_{end}'))
    assert found == {f'model.{name}' for name in names} | {'optim_wrapper.optimizer.lr'}
    found = differences(resolved(f'slt-net_{end}'), resolved(f'slt-net-literal_{end}'))
    rate = 'optim_wrapper.paramwise_cfg.custom_keys.regressor.lr_mult'
    assert found == {f'model.regressor.{name}' for name in names} | {'custom_hooks', rate}


@pytest.mark.parametrize(
    ('usual', 'new'),
    [
        ('cam_vgg16_1xb16-50e_cub', 'cam_vgg16_1xb16-4e_cub'),
        ('cam_vgg16_1xb16-10e_ilsvrc', 'cam_vgg16_1xb16-2e_ilsvrc'),
        ('cam_squeezenet1-1_1xb16-12e_photos31', 'cam_squeezenet1-1_1xb16-4e_photos31'),
        ('cam_squeezenet1-1_1xb16-12e_marks36', 'cam_squeezenet1-1_1xb16-4e_marks36'),
    ],
)
def test_the_new_optimization_is_a_schedule_alone(usual, new):
    found = differences(resolved(usual), resolved(new))
    schedule = {'optim_wrapper.optimizer.lr', 'param_scheduler', 'train_cfg.max_epochs', 'train_cfg.val_interval'}
    assert {'optim_wrapper.optimizer.lr', 'train_cfg.max_epochs'} <= found <= schedule


@pytest.mark.parametrize(
    ('plain', 'validated'),
    [
        ('slt-net_vgg16_1xb16-4e_cub', 'slt-net_vgg16_1xb16-4e_cubv2'),
        ('slt-net_vgg16_1xb16-2e_ilsvrc', 'slt-net_vgg16_1xb16-2e_imagenetv2'),
    ],
)
def test_a_validation_set_of_its_own_is_all_that_cubv2_and_imagenetv2_change(plain, validated):
    one, other = resolved(plain), resolved(validated)
    assert differences(one, other) == {'val_dataloader.dataset.split'}
    assert [other[f'{part}_dataloader']['dataset']['split'] for part in ('train', 'val', 'test')] == [
        'train',
        'val',
        'test',
    ]
