"""What a user adds to a run: --tta, --show-dir and browsing by the hosts' own tools, EMA, torch.compile."""

import functools
import importlib.util
import runpy
import sys
from pathlib import Path

import mmcv
import pytest
import torch
from checkpoint_files import CONFIGS, STEMS, config_of, write_checkpoints
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

ROOT = Path(__file__).parents[2]
FEW = ['test_dataloader.dataset.num_images=8', 'train_dataloader.dataset.num_images=8']


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('checkpoints'))


def tool_of(host: str, name: str) -> Path:
    """A command-line tool as the host's wheel ships it."""
    return Path(importlib.util.find_spec(host).origin).parent / '.mim' / 'tools' / name


def run_tool(monkeypatch, tool: Path, *arguments: object) -> None:
    monkeypatch.setattr(sys, 'argv', [tool.name, *map(str, arguments)])
    runpy.run_path(str(tool), run_name='__main__')


@pytest.mark.parametrize(
    ('host', 'kind'), [('mmdet', 'slt_net'), ('mmpretrain', 'localizer'), ('ours', 'slt_net'), ('ours', 'classifier')]
)
def test_test_tools_with_augmentation_and_pictures(trained, tmp_path, monkeypatch, host, kind):
    tool = ROOT / 'tools/test.py' if host == 'ours' else tool_of(host, 'test.py')
    pictures = [] if kind == 'classifier' else ['--show-dir', 'pictures']
    options = ['--work-dir', tmp_path, '--tta', *pictures, '--cfg-options', FEW[0]]
    results = {}
    patched = Runner.test
    monkeypatch.setattr(Runner, 'test', lambda runner: results.update(patched(runner)))
    run_tool(monkeypatch, tool, *trained[kind], *options)
    assert any(name.endswith(('gt_known', 'accuracy/top1')) for name in results)
    assert len(list(tmp_path.glob('*/pictures/*.png'))) == (0 if kind == 'classifier' else 8)


def test_mmdets_browse_dataset(tmp_path, monkeypatch):
    config = CONFIGS / f'{STEMS["slt_net"]}.py'
    tool = tool_of('mmdet', 'analysis_tools/browse_dataset.py')
    run_tool(monkeypatch, tool, config, '--output-dir', tmp_path, '--not-show', '--cfg-options', FEW[1])
    pictures = sorted(tmp_path.iterdir())
    assert len(pictures) == 8 and mmcv.imread(str(pictures[0])).shape[1] == 256  # 64 pixels, enlarged


def small_run(kind: str, work_dir: Path, **settings):
    """The runner after two iterations of training; no validation."""
    cfg = config_of(kind)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), val_dataloader=None, val_cfg=None, val_evaluator=None, **settings))
    cfg.train_dataloader.update(batch_size=4)
    cfg.train_dataloader.dataset.num_images = cfg.test_dataloader.dataset.num_images = 8
    cfg.param_scheduler = []
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    runner.train()
    return runner


def losses_of(runner) -> dict[str, float]:
    return {name: buffer.current() for name, buffer in runner.message_hub.log_scalars.items() if 'loss' in name}


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    return functools.cache(lambda kind: small_run(kind, tmp_path_factory.mktemp(kind)))


def test_moving_averages_are_tested_and_saved(plain, tmp_path):
    hooks = [*config_of('slt_net').custom_hooks, dict(type='EMAHook', momentum=0.25)]
    runner = small_run('slt_net', tmp_path, custom_hooks=hooks)
    assert losses_of(runner) == losses_of(plain('slt_net'))
    saved = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
    assert {'state_dict', 'ema_state_dict'} <= set(saved)
    trained = plain('slt_net').model.state_dict()
    name = 'localizer.head.cam.weight'
    assert not torch.equal(saved['state_dict'][name], trained[name])  # the file's weights are the averages
    assert 'box/sltnet/gt_known' in runner.test()


def test_compiled_models_train_the_same(plain, tmp_path):
    compiled = small_run('localizer', tmp_path, compile=dict(backend='eager'))
    assert losses_of(compiled) == pytest.approx(losses_of(plain('localizer')), rel=1e-4)
    assert {'train/loss_smt', 'train/loss_vst'} <= set(losses_of(compiled))


def test_flexible_runner(plain, tmp_path):
    strategy = dict(type='SingleDeviceStrategy')
    runner = small_run('slt_net', tmp_path, runner_type='FlexibleRunner', strategy=strategy)
    assert losses_of(runner) == pytest.approx(losses_of(plain('slt_net')), rel=1e-6)
