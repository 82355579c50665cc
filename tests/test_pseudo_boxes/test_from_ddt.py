"""DDT boxes of a data set: against the pure functions, in two passes, cut off; the configs' networks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import config_of, write_checkpoint
from config_runs import CONFIGS, LOADERS, with_random_weights
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from small_data import LAYOUTS
from torchvision.models import get_model

import sltnet_mm.pseudo_boxes.from_ddt as module
from sltnet_mm.config import unwrapped
from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.evaluation.box_file_metric import evaluate_box_file
from sltnet_mm.functional.ddt import ddt_heatmaps, heatmaps_to_boxes
from sltnet_mm.pseudo_boxes.from_ddt import export_ddt_boxes
from sltnet_mm.structures.box_file import read_box_file, write_box_file
from sltnet_mm.weights.torchvision_names import to_mmpretrain

CLASSES, IMAGES = 3, 15


def small_config() -> Config:
    """Features of the small network; images come in an order that mixes the classes."""
    cfg = config_of('localizer')
    cfg.model = dict(type='ImageClassifier', data_preprocessor=cfg.model.data_preprocessor, backbone=cfg.model.backbone)
    cfg.test_dataloader.batch_size = 2
    for name in LOADERS:
        cfg[name].dataset.update(num_images=IMAGES, num_classes=CLASSES)
    return cfg


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp('ddt') / 'backbone.pth'
    write_checkpoint(small_config(), path)
    return path


@pytest.fixture(scope='module')
def exported(checkpoint):
    return export_ddt_boxes(small_config(), 'test', checkpoint)


def boxes_of(coco):
    boxes = {box['image_id']: box['bbox'] for box in coco['annotations']}
    return np.array([boxes[i] for i in range(len(coco['images']))])


def test_boxes_are_those_of_each_class_alone(exported, checkpoint):
    cfg = small_config()
    init_default_scope('mmpretrain')
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(checkpoint)['state_dict'])
    images = SyntheticLocalization(
        split='test', num_images=IMAGES, num_classes=CLASSES, pipeline=cfg.test_dataloader.dataset.pipeline
    )
    for label in range(CLASSES):
        members = range(label, IMAGES, CLASSES)
        inputs = model.data_preprocessor(dict(inputs=[images[i]['inputs'] for i in members]))['inputs']
        with torch.no_grad():
            features = model.extract_feat(inputs)[-1]
        boxes = heatmaps_to_boxes(ddt_heatmaps(features), (64, 64)).numpy()
        wanted = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        np.testing.assert_allclose(boxes_of(exported)[list(members)], wanted, atol=1e-3)
    assert len({tuple(box) for box in boxes_of(exported).tolist()}) > 3  # not all the same


def test_layout_and_provenance(exported, tmp_path):
    assert [image['id'] for image in exported['images']] == list(range(IMAGES))
    assert [box['category_id'] for box in exported['annotations']] == [i % CLASSES for i in range(IMAGES)]
    info = exported['info']
    assert (info['source'], info['split'], info['images_without_box']) == ('ddt', 'test', [])
    assert len(info['weights_sha256']) == 64 and 'score' not in exported['annotations'][0]
    write_box_file(tmp_path / 'ddt.json', exported)
    assert len(read_box_file(tmp_path / 'ddt.json').rows) == IMAGES


def test_a_class_too_large_for_memory_is_computed_twice(exported, checkpoint, monkeypatch):
    calls = []
    compute = module._Classes._features
    monkeypatch.setattr(module._Classes, '_features', lambda *args: calls.append(1) or compute(*args))
    assert export_ddt_boxes(small_config(), 'test', checkpoint, feature_memory=0) == exported
    assert len(calls) == 1 + 2 * CLASSES * 3  # one to see the size; 5 images a class in batches of 2, twice


def test_interrupted_and_resumed(exported, checkpoint, tmp_path, monkeypatch):
    done = []
    sign = module.object_sign

    def interrupted(projections):
        done.append(len(done))
        if len(done) == 2:
            raise KeyboardInterrupt
        return sign(projections)

    monkeypatch.setattr(module, 'object_sign', interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_ddt_boxes(small_config(), 'test', checkpoint, parts=tmp_path / 'parts')
    assert export_ddt_boxes(small_config(), 'test', checkpoint, parts=tmp_path / 'parts') == exported
    assert len(done) == 1 + CLASSES  # the first class once


def test_what_cannot_be_exported(checkpoint):
    with pytest.raises(ValueError, match='must have trained weights'):
        export_ddt_boxes(small_config())
    with pytest.raises(FileNotFoundError, match='none.pth'):
        export_ddt_boxes(small_config(), checkpoint='none.pth')
    pooled = small_config()
    pooled.model.neck = dict(type='GlobalAveragePooling')
    with pytest.raises(ValueError, match='Remove the neck'):
        export_ddt_boxes(pooled, 'test', checkpoint)


def test_evaluated_against_the_ground_truth(exported, tmp_path):
    images = SyntheticLocalization(split='test', num_images=IMAGES, num_classes=CLASSES)
    truth = np.array([images.get_data_info(i)['instances'][0]['bbox'] for i in range(IMAGES)])
    found = boxes_of(exported)
    found[:, 2:] += found[:, :2]
    inner = np.clip(np.minimum(found[:, 2:], truth[:, 2:]) - np.maximum(found[:, :2], truth[:, :2]), 0, None).prod(1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (found, truth)]
    ious = inner / (areas[0] + areas[1] - inner)
    write_box_file(tmp_path / 'ddt.json', exported)
    numbers = evaluate_box_file(tmp_path / 'ddt.json', images, table=tmp_path / 'table.csv')
    assert numbers['box/sltnet/gt_known'] == pytest.approx(100 * (ious > 0.5).mean())
    assert numbers['box/sltnet/mean_iou'] == pytest.approx(100 * ious.mean(), abs=0.01)
    assert len((tmp_path / 'table.csv').read_text().splitlines()) == IMAGES + 1

    without = json.loads((tmp_path / 'ddt.json').read_text())
    without['annotations'] = []
    write_box_file(tmp_path / 'none.json', without)  # then every box is the whole image
    whole = (truth[:, 2:] - truth[:, :2]).prod(1) / 64**2
    numbers = evaluate_box_file(tmp_path / 'none.json', images, protocols=['sltnet', 'tscam'])
    assert numbers['box/sltnet/mean_iou'] == pytest.approx(100 * whole.mean())
    assert 'box/tscam/gt_known' in numbers


@pytest.mark.parametrize(
    'settings', [dict(num_images=IMAGES + 1), dict(num_images=IMAGES - 1), dict(num_images=IMAGES, seed=1)]
)
def test_boxes_of_other_images_are_not_evaluated(exported, tmp_path, settings):
    write_box_file(tmp_path / 'ddt.json', exported)
    with pytest.raises(ValueError, match='in one of them only'):
        evaluate_box_file(tmp_path / 'ddt.json', SyntheticLocalization(split='test', num_classes=CLASSES, **settings))


NETWORKS = dict(vgg16='vgg16', inceptionv3='inception_v3', resnet50='resnet50', densenet161='densenet161')
MAPS = dict(vgg16=(512, 14), inceptionv3=(2048, 12), resnet50=(2048, 14), densenet161=(2208, 14))
MAPS['squeezenet1-1'] = (512, 27)
DDT = [path for path in CONFIGS if path.parent.name == 'ddt']


def test_the_configs_are_there():
    stems = {f'ddt_{backbone}_{data}' for backbone in NETWORKS for data in ('cub', 'ilsvrc')}
    assert {path.stem for path in DDT} == stems | {'ddt_squeezenet1-1_photos31'}


@pytest.mark.slow_configs
@pytest.mark.parametrize('path', [path for path in DDT if 'ilsvrc' not in path.stem], ids=lambda path: path.stem)
def test_config_finds_boxes(path: Path, tmp_path, monkeypatch):
    backbone, data = path.stem.split('_')[1:]
    if backbone in NETWORKS:
        options = dict(init_weights=False) if backbone in ('vgg16', 'inceptionv3') else {}
        torch.manual_seed(0)
        network = get_model(NETWORKS[backbone], weights=None, **options)
        torch.save(dict(state_dict=to_mmpretrain(network.state_dict(), NETWORKS[backbone])), tmp_path / 'weights.pth')
        monkeypatch.setenv(f'SLTNET_{backbone.upper()}', str(tmp_path / 'weights.pth'))
    cfg = Config.fromfile(path)
    with_random_weights(cfg.model, tmp_path)
    LAYOUTS[data](tmp_path / 'data')
    for name in LOADERS:
        cfg[name].num_workers = 0
        unwrapped(cfg[name].dataset).update(data_root=str(tmp_path / 'data'), indices=4)
    seen = []
    update = module.DescriptorCovariance.update
    monkeypatch.setattr(
        module.DescriptorCovariance, 'update', lambda self, maps: seen.append(maps.shape) or update(self, maps)
    )
    coco = export_ddt_boxes(cfg, 'test')
    channels, side = MAPS[backbone]
    assert {tuple(shape[1:]) for shape in seen} == {(channels, side, side)}
    boxes = boxes_of(coco)
    assert len(boxes) == 4 and (boxes[:, 2:] > 0).all() and (boxes[:, :2] + boxes[:, 2:] <= [120.001, 90.001]).all()
