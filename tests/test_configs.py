"""Every config: its file, its model without memory, real iterations of one per role (of all with -m slow_configs)."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import Runner
from torchvision.models import get_model

from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.pseudo_box_export import export_pseudo_boxes

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
ROLES = {
    'localizer': 'slt-localizer_small-conv_1xb32-10e_synthetic',
    'cam': 'cam_small-conv_1xb32-10e_synthetic',
    'slt_net': 'slt-net_small-conv_1xb32-10e_synthetic',
    'classifier': 'classifier_small-conv_1xb32-10e_synthetic',
    'regressor': 'regressor_small-conv_1xb32-10e_synthetic',
}
# all that train on images: the joined one is only tested (test_tools), the regressor wants pseudo boxes (below), as the
# detectors do (test_detector)
SLOW = [
    path
    for path in CONFIGS
    if 'joined' not in path.stem and 'regressor' not in path.stem and path.parent.name != 'detector'
]
every_config = pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)


def config_of(stem: str) -> Config:
    return Config.fromfile(next(path for path in CONFIGS if path.stem == stem))


def test_names_are_unique_and_say_their_data():
    stems = [path.stem for path in CONFIGS]
    assert len(set(stems)) == len(stems)  # mim finds configs by name
    assert all(
        stem.split('_')[-1] in ('synthetic', 'custom', 'cub', 'photos31', 'ilsvrc', 'openimages') for stem in stems
    )


@every_config
def test_first_line_says_what_it_is(path):
    assert path.read_text().startswith('# ')


@every_config
def test_model_builds_on_the_meta_device(path):
    cfg = Config.fromfile(path)
    assert cfg.default_scope in ('mmdet', 'mmpretrain')
    init_default_scope(cfg.default_scope)
    with torch.device('meta'):
        model = MODELS.build(copy.deepcopy(cfg.model))
    assert all(parameter.is_meta for parameter in model.parameters())
    heads = [
        module
        for name, module in model.named_modules()
        if name.endswith('head') and not name.endswith('rpn_head') and hasattr(module, 'num_classes')
    ]
    assert len({head.num_classes for head in heads}) <= 1


def test_regressor_config_names_the_embedded_classes():
    cfg = config_of(ROLES['regressor'])
    images = cfg.train_dataloader.dataset.dataset
    assert DATASETS.build(images).metainfo['classes'] == SyntheticLocalization(split='train').metainfo['classes']


def shrink(cfg: Config, work_dir: Path) -> Config:
    """Two iterations of training, then validation on a few images."""
    cfg.work_dir = str(work_dir)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
    cfg.param_scheduler = []
    cfg.log_processor.by_epoch = False
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    cfg.default_hooks.logger.interval = 1
    cfg.train_dataloader.batch_size = 4
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].update(num_workers=0, persistent_workers=False)
        dataset = cfg[name].dataset
        while 'dataset' in dataset:  # wrapped
            dataset = dataset.dataset
        if dataset.type == 'sltnet_mm.SyntheticLocalization':
            dataset.num_images = 12
    return cfg


def train_and_test(cfg: Config) -> dict:
    runner = Runner.from_cfg(cfg)
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    after = dict(runner.model.named_parameters())
    for part in {name.rsplit('.', 2)[0] for name, value in after.items() if value.requires_grad}:
        if part.startswith(('localizer.head', 'regressor.bbox_head', 'head', 'bbox_head')):
            assert any(not torch.equal(before[name], after[name]) for name in after if name.startswith(part)), part
    losses = {
        name: buffer.current()
        for name, buffer in runner.message_hub.log_scalars.items()
        if name.startswith('train/loss')
    }
    assert all(np.isfinite(value) for value in losses.values()) and losses
    return dict(losses=losses, metrics=runner.test())


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


IMAGES = [f'{i % 3 + 1:03d}.Class/{i}.jpg' for i in range(12)]  # labels 0, 1, 2


def write_images(root: Path) -> None:
    rng = np.random.default_rng(0)
    for path in IMAGES:
        (root / 'images' / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / 'images' / path), rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))


def write_cub_layout(root: Path) -> None:
    """A few images for each split under CUB-200-2011's own file names."""
    write_images(root)
    columns = dict(
        images=IMAGES,
        image_class_labels=[int(path[:3]) for path in IMAGES],
        train_test_split=[i % 2 for i in range(12)],
        bounding_boxes=['10.0 20.0 50.0 40.0'] * 12,
        classes=[f'{i:03d}.Class' for i in range(1, 201)],
    )
    for name, values in columns.items():
        (root / f'{name}.txt').write_text(''.join(f'{i} {value}\n' for i, value in enumerate(values, start=1)))


def write_list_layout(root: Path) -> None:
    """The same images as wsolevaluation's lists."""
    write_images(root)
    columns = dict(
        image_ids='',
        class_labels=',{label}',
        image_sizes=',120,90',
        localization=',10,20,60,60',
        localization_masks=',{mask},',
    )
    for split in ('train', 'val', 'test'):
        folder = root / 'metadata' / 'PHOTOS31' / split
        folder.mkdir(parents=True)
        for name, rest in columns.items():
            lines = [
                path + rest.format(label=int(path[:3]) - 1, mask=Path(path).with_suffix('.png')) for path in IMAGES
            ]
            (folder / f'{name}.txt').write_text('\n'.join(lines) + '\n')


def write_csv_layout(root: Path) -> None:
    """The same images as a folder and a CSV file."""
    write_images(root)
    rows = [
        f'images/{path},c{i % 20:02d},{split},10,20,60,60'
        for i, path in enumerate(IMAGES)
        for split in ('train', 'val', 'test')
    ]
    (root / 'annotations.csv').write_text('\n'.join(['image,label,split,x1,y1,x2,y2', *rows]))


LAYOUTS = dict(cub=write_cub_layout, photos31=write_list_layout, custom=write_csv_layout)


def without_downloads(model: dict, folder: Path) -> None:
    """Replace pretrained weights by random ones of the true layout, in place."""
    for value in list(model.values()):
        if isinstance(value, dict):
            without_downloads(value, folder)
    if 'Pretrained' in str(model.get('init_cfg', '')):
        model['init_cfg'] = None
    if model.get('type') == 'sltnet_mm.TorchvisionBackbone':
        model['checkpoint'] = str(folder / f'{model["model"]}.pth')
        torch.save(get_model(model['model'], weights=None).state_dict(), model['checkpoint'])


@pytest.mark.slow_configs
@pytest.mark.parametrize('path', SLOW, ids=lambda path: path.stem)
def test_config_trains_and_tests(tmp_path, path):
    cfg = Config.fromfile(path)
    without_downloads(cfg.model, tmp_path)
    cfg = shrink(cfg, tmp_path / 'run')
    layout = LAYOUTS.get(path.stem.split('_')[-1])  # the embedded data need none
    if layout:
        layout(tmp_path / 'data')
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            cfg[name].dataset.data_root = str(tmp_path / 'data')
            if path.stem.endswith('custom'):
                cfg[name].dataset.classes = [f'c{i:02d}' for i in range(cfg.num_classes)]
    metrics = train_and_test(cfg)['metrics']
    assert any('gt_known' in name for name in metrics) or 'accuracy/top1' in metrics
