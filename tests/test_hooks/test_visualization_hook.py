from pathlib import Path
from types import SimpleNamespace

import mmcv
import mmengine.fileio as fileio
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmengine.visualization import Visualizer
from mmpretrain.structures import DataSample

import sltnet_mm.datasets  # noqa: F401  (synthetic:// paths)
from sltnet_mm.hooks import LocalizationVisualizationHook
from sltnet_mm.registry import HOOKS
from sltnet_mm.visualization import LocalizationVisualizer


def outputs_of(first, count):
    samples = []
    for index in range(first, first + count):
        path = f'synthetic://seed0-size64/test/{index:06d}-{index % 12:02d}.png'
        frame = dict(ori_shape=(64, 64), homography_matrix=np.eye(3))
        sample = DataSample(metainfo=dict(img_path=path, sample_idx=index, **frame))
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([[8.0, 8, 40, 40]]), labels=torch.tensor([0]), scores=torch.tensor([0.9])
        )
        sample.pred_score_map = torch.rand(64, 64)
        samples.append(sample)
    return samples


@pytest.fixture
def runner(tmp_path):
    visualizer = LocalizationVisualizer.get_instance(f'hook{tmp_path}')
    visualizer.dataset_meta = dict(classes=[f'class{i}' for i in range(12)])
    loader = SimpleNamespace(dataset=SimpleNamespace())
    return SimpleNamespace(
        work_dir=str(tmp_path),
        timestamp='now',
        visualizer=visualizer,
        iter=7,
        val_dataloader=loader,
        test_dataloader=loader,
    )


def run_test(hook, runner, batches=2):
    hook.before_test_epoch(runner)
    for batch in range(batches):
        hook.after_test_iter(runner, batch, None, outputs_of(4 * batch, 4))
    hook.after_test_epoch(runner, {})
    return sorted(path.name for path in runner_folder(runner).rglob('*.png'))


def runner_folder(runner):
    return Path(runner.work_dir) / runner.timestamp


@pytest.mark.parametrize(
    ('settings', 'drawn'),
    [
        (dict(), range(8)),
        (dict(interval=3), (0, 3, 6)),
        (dict(max_images=5), range(5)),
        (dict(interval=2, max_images=2), (0, 2)),
        (dict(enable=False), ()),
    ],
)
def test_pictures_of_the_chosen_images(runner, settings, drawn):
    hook = HOOKS.build(dict(type='sltnet_mm.LocalizationVisualizationHook', **settings))
    names = [f'{index:06d}_{index:06d}-{index:02d}.png' for index in drawn]
    assert run_test(hook, runner) == names
    assert run_test(hook, runner) == names  # a second test counts anew


def test_the_picture_is_the_visualizers(runner):
    run_test(LocalizationVisualizationHook(out_dir='pictures', score_map=False), runner, batches=1)
    sample = outputs_of(2, 1)[0]
    image = mmcv.imfrombytes(fileio.get(sample.img_path), channel_order='rgb')
    written = mmcv.imread(str(runner_folder(runner) / 'pictures' / '000002_000002-02.png'), channel_order='rgb')
    np.testing.assert_array_equal(written, runner.visualizer.draw(image, sample, draw_score_map=False))


def test_validation_only_where_asked_for(runner):
    for hook, count in ((LocalizationVisualizationHook(), 0), (LocalizationVisualizationHook(val=True), 4)):
        hook.before_val_epoch(runner)
        hook.after_val_iter(runner, 0, None, outputs_of(0, 4))
        assert len(list(runner_folder(runner).glob('vis/iter_7/*.png'))) == count


def test_another_visualizer_is_named(runner):
    runner.visualizer = Visualizer.get_instance(f'plain{runner.work_dir}')
    LocalizationVisualizationHook(enable=False).before_test_epoch(runner)
    with pytest.raises(TypeError, match='cannot draw with Visualizer.*LocalizationVisualizer'):
        LocalizationVisualizationHook().before_test_epoch(runner)


def test_the_hosts_tools_names_of_the_settings(runner, monkeypatch):
    """mmdet's test.py sets draw, show, wait_time and test_out_dir, mmpretrain's enable, show, wait_time and out_dir."""
    run_test(LocalizationVisualizationHook(enable=False, draw=True, test_out_dir='theirs'), runner)
    assert len(list(runner_folder(runner).glob('theirs/*.png'))) == 8
    assert run_test(LocalizationVisualizationHook(draw=False, out_dir='none'), runner) == run_test(
        LocalizationVisualizationHook(enable=False), runner
    )
    shown = []
    monkeypatch.setattr(runner.visualizer, 'show', lambda picture, win_name, wait_time: shown.append(wait_time))
    written = run_test(LocalizationVisualizationHook(show=True, wait_time=0.5, out_dir=None), runner)
    assert shown == [0.5] * 8 and len(written) == 8  # those of the first run
    with pytest.raises(ValueError, match='out_dir=None draws nothing without show=True'):
        LocalizationVisualizationHook(out_dir=None)


@pytest.mark.parametrize('settings', [dict(interval=0), dict(max_images=0)])
def test_impossible_settings(settings):
    with pytest.raises(ValueError, match=f'{next(iter(settings))} must be at least 1'):
        LocalizationVisualizationHook(**settings)


def test_mmdets_own_hook_draws_with_our_visualizer(runner):
    from mmdet.engine.hooks import DetVisualizationHook

    hook = DetVisualizationHook(draw=True, interval=1, test_out_dir='theirs')
    assert hook._visualizer is runner.visualizer
    hook.after_test_iter(runner, 0, None, outputs_of(0, 2))
    assert len(list(runner_folder(runner).glob('theirs/*.png'))) == 2
