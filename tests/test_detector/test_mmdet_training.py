"""From labeled photographs to detectors of mmdet, by the tools' command lines and mmdet's own train.py and test.py."""

import json
import re
from pathlib import Path

import mmdet
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from torchvision.models import get_model

ROOT = Path(__file__).parents[2]
MMDET_TOOLS = Path(mmdet.__file__).parent / '.mim/tools'
CONFIGS = ROOT / 'configs/detector'
RTMDET = 'rtmdet-pseudo-boxes_squeezenet1-1_1xb16-24e_photos31.py'
# What a test on the CPU changes: two images a batch, no loader processes, two iterations.
SMALL = [
    'train_cfg.max_epochs=1',
    'train_dataloader.batch_size=2',
    'train_dataloader.dataset.indices=4',
    *(
        f'{split}_dataloader.{setting}'
        for split in ('train', 'val', 'test')
        for setting in ('num_workers=0', 'persistent_workers=False')
    ),
]
NO_VALIDATION = ['train_cfg.val_begin=9', 'default_hooks.checkpoint.save_optimizer=False']


@pytest.fixture
def boxes(photographs, localizer, tmp_path, run_tool) -> Path:
    """The folder of json files: pseudo boxes of a localizer with random weights, true ones of val and test."""
    cfg = Config.fromfile(localizer)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'localizer.pth')
    folder = tmp_path / 'boxes'
    common = ('--data-root', photographs, '--out')
    run_tool(
        ROOT / 'tools/generate_pseudo_boxes.py',
        localizer,
        tmp_path / 'localizer.pth',
        *common,
        folder / 'pseudo_train.json',
    )
    for split in ('val', 'test'):
        out = folder / f'true_{split}.json'
        run_tool(ROOT / 'tools/dataset_converters/localization_to_coco.py', localizer, '--split', split, *common, out)
    assert len(json.loads((folder / 'pseudo_train.json').read_text())['annotations']) > 4
    return folder


def train_and_test(run_tool, config: Path, options: list[str]) -> tuple[dict, dict]:
    """The last logged losses and the test's numbers, of mmdet's own tools."""
    folder = config.parent / 'run'
    options = [*options, f'visualizer.name={config.parent.name}']  # mmengine keeps one a name, and with it its log file
    run_tool(MMDET_TOOLS / 'train.py', config, '--work-dir', folder, '--cfg-options', *options)
    lines = [json.loads(line) for log in folder.glob('*/vis_data/scalars.json') for line in log.open()]
    losses = [{key: value for key, value in line.items() if 'loss' in key} for line in lines if 'loss' in line]
    run_tool(
        MMDET_TOOLS / 'test.py',
        config,
        folder / 'epoch_1.pth',
        '--work-dir',
        folder / 'test',
        '--cfg-options',
        *options,
    )
    return losses[-1], json.loads(next((folder / 'test').glob('*/*.json')).read_text())


def check(losses: dict, numbers: dict, parts: set[str]) -> None:
    assert set(losses) == {'loss', *parts} and all(value == value and value > 0 for value in losses.values())
    assert 0 <= numbers['coco/bbox_mAP_50'] <= 1


def detector_config(tmp_path: Path, photographs: Path, boxes: Path, name: str, more: str = '') -> Path:
    """A config of configs/detector on the photographs, at 64x64."""
    data = f"""
_base_ = ['{CONFIGS / name}']
data = dict(data_prefix=dict(img='{photographs}/'), metainfo=dict(classes=('finch', 'robin', 'wren'), _delete_=True))
train_dataloader = dict(dataset=dict(**data, ann_file='{boxes}/pseudo_train.json'))
val_dataloader = dict(dataset=dict(**data, ann_file='{boxes}/true_val.json'))
test_dataloader = dict(dataset=dict(**data, ann_file='{boxes}/true_test.json'))
default_hooks = dict(logger=dict(interval=1))
"""
    (tmp_path / 'detector.py').write_text(data + more)
    return tmp_path / 'detector.py'


SCALES = [
    'train_dataloader.dataset.pipeline.2.scale="(64,64)"',
    'train_dataloader.dataset.pipeline.3.crop_size="(64,64)"',
    'train_dataloader.dataset.pipeline.5.size="(64,64)"',
    'val_dataloader.dataset.pipeline.1.scale="(64,64)"',
    'test_dataloader.dataset.pipeline.1.scale="(64,64)"',
]


def evaluators(boxes: Path) -> list[str]:
    return [f'{split}_evaluator.0.ann_file={boxes}/true_{split}.json' for split in ('val', 'test')]


def test_rtmdet_on_squeezenet(tmp_path, photographs, boxes, run_tool):
    torch.save(get_model('squeezenet1_1', weights=None).state_dict(), tmp_path / 'squeezenet.pth')
    model = f"model = dict(bbox_head=dict(num_classes=3), backbone=dict(checkpoint='{tmp_path}/squeezenet.pth'))\n"
    config = detector_config(tmp_path, photographs, boxes, RTMDET, model)
    losses, numbers = train_and_test(run_tool, config, [*SMALL, *SCALES, *evaluators(boxes)])
    check(losses, numbers, {'loss_cls', 'loss_bbox'})
    assert 0 <= numbers['box/sltnet/gt_known'] <= 100


# Random weights: what is tried is that the detector as mmdet ships it takes the json.
def test_faster_rcnn_as_shipped(tmp_path, photographs, boxes, run_tool):
    model = 'model = dict(roi_head=dict(bbox_head=dict(num_classes=3)), backbone=dict(init_cfg=None))\n'
    name = 'faster-rcnn-pseudo-boxes_r50-fpn_1xb16-12e_photos31.py'
    config = detector_config(tmp_path, photographs, boxes, name, model)
    options = [*SMALL, *NO_VALIDATION, *SCALES, *evaluators(boxes), 'model.test_cfg.rcnn.score_thr=0']
    losses, numbers = train_and_test(run_tool, config, options)
    check(losses, numbers, {'loss_rpn_cls', 'loss_rpn_bbox', 'loss_cls', 'loss_bbox'})


def test_retinanet_by_the_pages_own_config(tmp_path, photographs, boxes, run_tool):
    page = (ROOT / 'docs/detector.md').read_text()
    (block,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    for ours, there in ((f'{photographs}/', 'data/mine/'), (f'{boxes}/', 'work_dirs/mine_boxes/')):
        assert there in block
        block = block.replace(there, ours)
    (tmp_path / 'detector.py').write_text(block)
    scales = [f'{split}_dataloader.dataset.pipeline.{i}.scale="(96,96)"' for split, i in (('train', 2), ('test', 1))]
    model = ['model.backbone.init_cfg=None', 'model.test_cfg.score_thr=0']
    options = [*SMALL, *NO_VALIDATION, *scales, *model, 'default_hooks.logger.interval=1']
    losses, numbers = train_and_test(run_tool, tmp_path / 'detector.py', options)
    check(losses, numbers, {'loss_cls', 'loss_bbox'})


@pytest.mark.parametrize('path', sorted(CONFIGS.glob('*.py')), ids=lambda path: path.stem)
def test_configs_differ_in_the_training_boxes_alone(path):
    cfg = Config.fromfile(path)
    kind = 'true' if 'true-boxes' in path.stem else 'pseudo'
    assert cfg.train_dataloader.dataset.ann_file == f'work_dirs/photos31_boxes/{kind}_train.json'
    for split in ('val', 'test'):
        file = f'work_dirs/photos31_boxes/true_{split}.json'
        assert cfg[f'{split}_dataloader'].dataset.ann_file == cfg[f'{split}_evaluator'][0].ann_file == file
    names = Config.fromfile(ROOT / 'configs/_base_/datasets/photos31_localization.py').classes
    assert cfg.train_dataloader.dataset.metainfo.classes == tuple(names)
