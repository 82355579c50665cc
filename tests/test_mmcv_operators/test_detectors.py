"""mmdet's detectors train two iterations and predict, whichever operators mmcv has."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from mmengine.config import Config, ConfigDict
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from sltnet_mm.registry import MODELS

CLASSES, SIDE = 3, 128
DETECTORS = {
    'retinanet': 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
    'rtmdet': 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
    'faster-rcnn': 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py',
    'fcos': 'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    'detr': 'mmdet::detr/detr_r50_8xb2-150e_coco.py',
}


def without_weights(settings):
    """The settings with no pretrained files, and ``CLASSES`` classes."""
    if isinstance(settings, list | tuple):
        return type(settings)(without_weights(value) for value in settings)
    if not isinstance(settings, dict):
        return settings
    kept = {name: without_weights(value) for name, value in settings.items() if name != 'init_cfg'}
    if 'num_classes' in kept:
        kept['num_classes'] = CLASSES
    return kept


def detector(name: str):
    register_all_modules(init_default_scope=False)
    init_default_scope('mmdet')
    cfg: Config = get_config(DETECTORS[name])
    settings = ConfigDict(without_weights(cfg.model.to_dict()))
    settings['data_preprocessor'] = dict(type='DetDataPreprocessor')
    torch.manual_seed(0)
    return MODELS.build(settings)


def samples() -> list[DetDataSample]:
    shapes = dict.fromkeys(('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape'), (SIDE, SIDE))
    meta = dict(shapes, scale_factor=(1.0, 1.0))
    found = []
    for box, label in (([10.0, 20.0, 90.0, 100.0], 0), ([30.0, 8.0, 120.0, 70.0], 2)):
        sample = DetDataSample(metainfo=meta)
        sample.gt_instances = InstanceData(bboxes=torch.tensor([box]), labels=torch.tensor([label]))
        found.append(sample)
    return found


@pytest.mark.parametrize('name', DETECTORS)
def test_two_iterations_and_a_prediction(name):
    model, images = detector(name).train(), torch.rand(2, 3, SIDE, SIDE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    before = {key: value.clone() for key, value in model.named_parameters()}
    for _ in range(2):
        loss, _ = model.parse_losses(model(images, samples(), mode='loss'))
        assert torch.isfinite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    changed = {key for key, value in model.named_parameters() if not torch.equal(value, before[key])}
    assert any(key.startswith('backbone') for key in changed)
    assert any('head' in key for key in changed)
    model.eval()
    with torch.no_grad():
        predicted = model(images, samples(), mode='predict')
    assert len(predicted) == 2
    assert all(torch.isfinite(sample.pred_instances.bboxes).all() for sample in predicted)
