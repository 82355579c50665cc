"""docs/mixing.md: every config trains, every snippet and command runs, as they stand in the page."""

import json
import math
import re
import runpy
import shlex
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn

from sltnet_mm.hooks.map_layer import MapLayer
from sltnet_mm.models import CAMHead, SMTLoss
from sltnet_mm.models.cam_head import check_features

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'mixing.md').read_text()
BLOCKS = re.findall(r'^```(\w+)\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
FILES = {
    match.group(1): text
    for language, text in BLOCKS
    if language == 'python' and (match := re.match(r'# (\w+\.py)\n', text))
}
CONFIGS = {  # and the losses that its log must hold
    'localizer.py': {'loss_smt', 'loss_vst'},
    'smt_and_mixup.py': set(),
    'vst_on_a_linear_head.py': {'loss_host', 'loss_vst'},
    'detector.py': {'loss_cls', 'loss_bbox', 'loss_centerness', 'loss_vst'},
    'my_config.py': {'loss_cls', 'loss_vst'},
}
NAMES = [f'{label}/{number:03}' for label in ('cat', 'dog') for number in (1, 2)]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The page's files, four images, their maps, and boxes for the detector."""
    folder = tmp_path_factory.mktemp('mixing')
    rng = np.random.default_rng(0)
    images, boxes = [], []
    for number, name in enumerate(NAMES):
        path = folder / 'data' / 'my_images' / f'{name}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.resize(rng.integers(256, size=(8, 8, 3), dtype=np.uint8), (120, 90)))
        images.append(dict(id=number, file_name=f'{name}.jpg', width=120, height=90))
        boxes.append(
            dict(id=number + 1, image_id=number, category_id=number // 2, bbox=[10, 10, 60, 50], area=3000, iscrowd=0)
        )
        one_map = np.zeros((9, 12))
        one_map[2:6, 3:9] = 1
        (folder / 'maps' / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(folder / 'maps' / f'{name}.npy', one_map)
    categories = [dict(id=0, name='cat'), dict(id=1, name='dog')]
    coco = json.dumps(dict(images=images, annotations=boxes, categories=categories))
    (folder / 'data' / 'my_images' / 'boxes.json').write_text(coco)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(DefaultScope, '_instance_dict', DefaultScope._instance_dict.copy())


def test_the_page_has_these_configs():
    assert {name for name, text in FILES.items() if re.search('^model = ', text, re.MULTILINE)} == set(CONFIGS)


@pytest.mark.parametrize('name', CONFIGS)
def test_config_trains(name, tmp_path):
    cfg = Config.fromfile(name)
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{name}-{tmp_path.name}'  # mmengine keeps one logger a name
    runner = Runner.from_cfg(cfg)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    assert runner.iter == 2
    logged = {key.removeprefix('train/'): value for key, value in runner.message_hub.log_scalars.items()}
    losses = {key for key in logged if key.startswith('loss_')}
    assert losses == CONFIGS[name]
    assert all(math.isfinite(logged[key].current()) for key in losses | {'loss'})
    if losses:
        assert logged['loss'].current() == pytest.approx(sum(logged[key].current() for key in losses), rel=1e-5)
    moved = [key for key, value in runner.model.named_parameters() if not value.equal(before[key])]
    assert len(moved) > 0.5 * len(list(runner.model.parameters()))


@pytest.mark.parametrize(
    'snippet', [text for language, text in BLOCKS if language == 'python' and not text.startswith('# ')]
)
def test_snippet_runs(snippet):
    names: dict = {}
    exec(snippet, names)
    assert names['boxes'].shape == (2, 4) and names['score_maps'].shape == (2, 224, 224)
    assert (names['boxes'][:, 2:] > names['boxes'][:, :2]).all()


def test_command_runs(folder, monkeypatch):
    (command,) = [text for language, text in BLOCKS if language == 'bash']
    python, tool, *arguments = shlex.split(command)
    assert python == 'python'
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    runpy.run_path(str(ROOT / tool), run_name='__main__')
    boxes = json.loads((folder / 'boxes.json').read_text())
    assert [image['file_name'] for image in boxes['images']] == [f'{name}.jpg' for name in NAMES]
    assert len(boxes['annotations']) == 4 and {box['category_id'] for box in boxes['annotations']} == {0, 1}
    x, y, w, h = boxes['annotations'][0]['bbox']  # cells 3 to 9 of 12 and 2 to 6 of 9, blurred by the resize
    assert abs(x - 30) < 8 and abs(x + w - 90) < 8 and abs(y - 20) < 8 and abs(y + h - 60) < 8


def whats_said_in(call):
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    return str(error.value)


def test_messages_of_the_table_are_said():
    head = CAMHead(num_classes=5, in_channels=8)
    sample = DataSample().set_gt_label(5)
    net = nn.Sequential()
    net.backbone = nn.Sequential()
    net.backbone.layer2 = nn.Identity()
    net.head = nn.Sequential()
    net.head.fc = nn.Linear(32, 5)
    vst = MapLayer(net, feature_layer='backbone.layer2', classifier='head.fc')
    said = [
        whats_said_in(lambda: check_features(torch.zeros(3, 384), 384)),
        whats_said_in(lambda: check_features(torch.zeros(3, 512, 7, 7), 2048)),
        whats_said_in(lambda: head.loss((torch.zeros(1, 8, 2, 2),), [sample])),
        whats_said_in(lambda: MapLayer(net, feature_layer='backbone.layer2', classifier='head')),
        whats_said_in(lambda: vst.maps(torch.zeros(3, 8, 2, 2))),
        whats_said_in(lambda: SMTLoss(top_k=1, alpha=0.4, use_sigmoid=True)),
        (ROOT / 'sltnet_mm' / 'hooks' / 'vst_hook.py').read_text().replace('{runner.iter + 1}', '1'),
    ]
    messages = re.findall(r'^\| `(.+?)` \| ', PAGE.split('## When it does not fit')[1], re.MULTILINE)
    assert len(messages) == len(said)
    for message in messages:
        assert any(message in text for text in said), message
