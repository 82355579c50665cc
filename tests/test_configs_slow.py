"""Two real training iterations and a real test of every kind of config (make test-configs)."""

import gc
import shutil

import pytest
import torch
from config_runs import CONFIGS, LOADERS, shrink, train_and_test, with_random_weights
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from small_data import LAYOUTS
from torchvision.models import get_model

from sltnet_mm.config import unwrapped
from sltnet_mm.structures.box_file import BoxRecord, file_name_of, to_coco, write_box_file
from sltnet_mm.weights.torchvision_names import to_mmpretrain

NETWORKS = dict(vgg16='vgg16', inceptionv3='inception_v3', resnet50='resnet50', densenet161='densenet161')
# The paper's networks take seconds a step here. On CUB every role of each of them runs, on ILSVRC2012 every role of
# one; what differs in the loss alone runs with VGG16 on CUB. test_config_recipes looks at the others' values.
TRANSFORMERS = ('deit-small', 'dinov2-small')
ROLES = ('slt-localizer', 'slt-net', 'regressor', 'classifier')
LOSSES = ('cam', 'smt-top1', 'smt', 'vst', 'slt-localizer-literal', 'slt-localizer-mse', 'slt-net-literal', 'psol')


def runs_here(path) -> bool:
    if path.parent.name in ('detector', 'ddt') or 'joined' in path.stem:  # test_detector, test_ddt_export, test_tools
        return False
    if path.stem.startswith(('regressor_small', 'regressor_squeeze')):  # test_configs, test_pseudo_box_dataset
        return False
    kind, backbone, *_, data = path.stem.split('_')
    if path.parent.name == 'other_methods':  # on CUB the small network, on photos31 all
        return data == 'photos31' or (data == 'cub' and backbone in ('googlenet', *TRANSFORMERS))
    if data == 'ilsvrc':
        return kind in ROLES and backbone == 'inceptionv3'
    return backbone not in NETWORKS or kind in ROLES or (kind in LOSSES and backbone == 'vgg16')


SLOW = [path for path in CONFIGS if runs_here(path)]


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """Random weights of torchvision's networks under mmpretrain's names, written when first asked for."""
    folder = tmp_path_factory.mktemp('weights')

    def file_of(backbone: str):
        path = folder / f'{backbone}.pth'
        if not path.exists():
            torch.manual_seed(0)
            options = dict(init_weights=False) if backbone in ('vgg16', 'inceptionv3') else {}
            network = get_model(NETWORKS[backbone], weights=None, **options)
            torch.save(dict(state_dict=to_mmpretrain(network.state_dict(), NETWORKS[backbone])), path)
        return path

    yield file_of
    shutil.rmtree(folder)


def write_boxes(cfg: Config, path) -> None:
    """One box for every training image of a config, as tools/generate_pseudo_boxes.py writes them."""
    init_default_scope(cfg.default_scope)
    images = DATASETS.build(dict(cfg.train_dataloader.dataset.dataset, pipeline=[]))
    records = []
    for i in range(len(images)):
        info = images.get_data_info(i)
        name = file_name_of(info['img_path'], images.data_root)
        records.append(BoxRecord(i, name, (120, 90), info['gt_label'], (10, 20, 60, 60)))
    write_box_file(path, to_coco({}, records, images.metainfo['classes']))


@pytest.mark.slow_configs
@pytest.mark.parametrize('path', SLOW, ids=lambda path: path.stem)
def test_config_trains_and_tests(tmp_path, path, weights, monkeypatch):
    backbone = path.stem.split('_')[1]
    of_the_paper = backbone in NETWORKS
    if of_the_paper:
        monkeypatch.setenv(f'SLTNET_{backbone.upper()}', str(weights(backbone)))
    cfg = shrink(Config.fromfile(path), tmp_path / 'run', batch=2 if of_the_paper else 4)
    with_random_weights(cfg.model, tmp_path)
    data = path.stem.split('_')[-1]
    if data in LAYOUTS:  # the embedded data need none
        LAYOUTS[data](tmp_path / 'data')
        for name in LOADERS:
            if not cfg.get(name):
                continue
            dataset = unwrapped(cfg[name].dataset)
            dataset.data_root = str(tmp_path / 'data')
            if data == 'custom':
                dataset.classes = [f'c{i:02d}' for i in range(cfg.num_classes)]
            if (of_the_paper or backbone in TRANSFORMERS) and name != 'train_dataloader':
                dataset.indices = 2
    if path.parent.name == 'other_methods':  # what they start from is trained by another config
        cfg.load_from = None
        cfg.default_hooks.pop('checkpoint_fit', None)
        cfg.model.pop('classifier_checkpoint', None)
    if path.stem.startswith(('regressor', 'psol')):
        cfg.train_dataloader.dataset.boxes = str(tmp_path / 'boxes.json')
        write_boxes(cfg, tmp_path / 'boxes.json')
    metrics = train_and_test(cfg)['metrics']
    wanted = 'pxap' if data == 'openimages' else 'gt_known'
    assert any(wanted in name for name in metrics) or 'accuracy/top1' in metrics
    for file in tmp_path.rglob('*.pth'):  # of the large networks
        file.unlink()
    gc.collect()
