"""One setting puts a map source into tools/test.py, generate_pseudo_boxes.py and SLTInferencer."""

import json
import pickle
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import write_checkpoints
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import BaseDataElement
from mmpretrain.models import ImageClassifier
from torch import nn

import sltnet_mm
from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.functional import score_map_to_box, to_score_map
from sltnet_mm.map_sources import MapSource, MapSourceModel, read_setting, with_map_source
from sltnet_mm.structures.frames import boxes_to_original

ROOT = Path(__file__).parents[2]
SETTINGS = dict(
    localizer='layer_cam:backbone.layers.8',
    slt_net='grad_cam:localizer.backbone.layers.8,localizer.backbone',
    classifier='bag_cams:backbone',
)
OPTIONS = ['--cfg-options', 'test_dataloader.dataset.num_images=6', 'test_dataloader.batch_size=4']


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('checkpoints'))


def run_tool(monkeypatch, tool, *arguments):
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')


def predictions_of(monkeypatch, folder, config, checkpoint, *arguments):
    out = folder / 'out.pkl'
    run_tool(monkeypatch, 'test.py', config, checkpoint, '--work-dir', folder, '--out', out, *arguments)
    return pickle.loads(out.read_bytes())


@pytest.mark.parametrize('kind', SETTINGS)
def test_the_test_tool_writes_the_maps_of_the_source(trained, kind, tmp_path, monkeypatch):
    config, checkpoint = trained[kind]
    samples = predictions_of(monkeypatch, tmp_path, config, checkpoint, '--map-source', SETTINGS[kind], *OPTIONS)
    assert len(samples) == 6

    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model).eval()
        images = SyntheticLocalization(split='test', num_images=6, pipeline=cfg.test_dataloader.dataset.pipeline)
    model.load_state_dict(torch.load(checkpoint, weights_only=False)['state_dict'])
    inputs = [images[i]['inputs'] for i in range(6)]
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=None), False)['inputs']
    labels = torch.tensor([sample['gt_label'].item() for sample in samples])
    result = MapSource(**read_setting(SETTINGS[kind]))(model, data, labels)
    for i, sample in enumerate(samples):
        torch.testing.assert_close(sample['pred_score'], result.scores[i].softmax(0), atol=1e-5, rtol=1e-4)
        for name in ('label', 'top_1', 'top_k'):
            torch.testing.assert_close(sample['pred_maps'][name], result.maps[name][i], atol=1e-5, rtol=1e-3)
        score_map = to_score_map(result.maps['top_k'][i : i + 1], data.shape[-2:])[0]
        torch.testing.assert_close(sample['pred_score_map'], score_map, atol=1e-3, rtol=1e-3)


def test_metric_pseudo_boxes_and_inferencer_use_the_same_maps(trained, tmp_path, monkeypatch):
    config, checkpoint = trained['localizer']
    setting = SETTINGS['localizer']
    samples = predictions_of(monkeypatch, tmp_path, config, checkpoint, '--map-source', setting, *OPTIONS)
    out = tmp_path / 'boxes.json'
    common = [config, checkpoint, '--split', 'test', '--out', out, '--device', 'cpu']
    run_tool(monkeypatch, 'generate_pseudo_boxes.py', *common, '--map-source', setting, *OPTIONS)
    written = json.loads(out.read_text())
    inferencer = sltnet_mm.SLTInferencer(config, checkpoint, device='cpu', map_source=setting)
    results = inferencer([sample['img_path'] for sample in samples], batch_size=4)
    for sample, row, result in zip(samples, written['annotations'], results, strict=True):
        frame = dict(homography_matrix=sample['homography_matrix'], ori_shape=sample['ori_shape'])
        box = boxes_to_original(score_map_to_box(sample['pred_score_map'])[None], [frame])[0].tolist()
        x, y, w, h = row['bbox']
        assert [x, y, x + w, y + h] == pytest.approx(box, abs=1e-2)
        assert result.box == pytest.approx(box, abs=1e-2)
        np.testing.assert_allclose(result.input_score_map, sample['pred_score_map'], atol=1e-4)
        assert result.name is not None


def test_a_config_can_hold_the_setting(trained):
    cfg = Config.fromfile(trained['classifier'][0])
    cfg.map_source = dict(method='layer_cam', layers=['backbone'])
    result = sltnet_mm.SLTInferencer(cfg, trained['classifier'][1], device='cpu')(np.zeros((64, 64, 3), np.uint8))[0]
    assert result.score_map.shape == (64, 64) and cfg.model.type != 'sltnet_mm.MapSourceModel'
    plain = with_map_source(Config(dict(model=dict(type='Net'))))
    assert plain.model.type == 'Net'


def test_test_time_augmentation_is_refused(trained, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='--tta and --map-source'):
        predictions_of(monkeypatch, tmp_path, *trained['localizer'], '--tta', '--map-source', SETTINGS['localizer'])
    with pytest.raises(NotImplementedError, match='single view'):
        MapSourceModel(ImageClassifier(dict(type='sltnet_mm.SmallConvNet')), 'grad_cam', 'backbone').merge_preds([])


@pytest.mark.parametrize(
    ('setting', 'error', 'message'),
    [
        (3, TypeError, 'must be "METHOD:LAYER,LAYER"'),
        ('', ValueError, 'must name a method'),
        ({}, ValueError, 'method'),
    ],
)
def test_wrong_settings_are_refused(setting, error, message):
    with pytest.raises(error, match=message):
        read_setting(setting)


def test_padding_of_detectors_is_cut_off():
    """Images of two sizes in one batch: each map shows its image alone."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 1)
            self.data_preprocessor = lambda data, training: data

        def test_step(self, data):
            raise NotImplementedError

        def forward(self, inputs, data_samples, mode):
            return self.conv(inputs).mean((2, 3))

    net = Net()
    nn.init.ones_(net.conv.weight)
    nn.init.zeros_(net.conv.bias)
    images = torch.rand(2, 1, 8, 8)
    samples = [BaseDataElement(metainfo=dict(img_shape=size)) for size in ((8, 8), (6, 4))]
    model = MapSourceModel(net, 'layer_cam', 'conv')
    found = model.test_step(dict(inputs=images, data_samples=samples))
    assert [tuple(sample.pred_score_map.shape) for sample in found] == [(8, 8), (6, 4)]
    part = images[1:, 0, :6, :4]
    torch.testing.assert_close(found[1].pred_score_map, to_score_map(part, (6, 4))[0], atol=1e-5, rtol=1e-4)
