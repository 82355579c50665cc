"""Config files are loaded in one way, for the command line, reports and the inferencer."""

import argparse

import pytest
from mmengine.config import Config

from sltnet_mm.command_line import add_common_arguments, config_of_args
from sltnet_mm.config import load_config, loading_steps, pipeline_of, set_epochs, set_pipeline, unwrapped
from sltnet_mm.inferencer.building import copied_config
from sltnet_mm.report import prepare_config
from sltnet_mm.weights.checkpoints import existing_checkpoint

TEXT = """
inner = dict(type='A', data_root='old')
train_dataloader = dict(dataset=dict(type='RepeatDataset', dataset=dict(type='PseudoBoxDataset', dataset=inner)))
val_dataloader = None
test_dataloader = dict(dataset=dict(type='B'))
train_cfg = dict(max_epochs=4)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(TEXT)
    return path


def test_settings_and_data_root_go_to_the_innermost_data_set(file):
    cfg = load_config(file, {'train_cfg.max_epochs': 2}, '/data')
    assert cfg.train_cfg.max_epochs == 2
    assert unwrapped(cfg.train_dataloader.dataset).data_root == '/data'
    assert 'data_root' not in cfg.train_dataloader.dataset and 'data_root' not in cfg.test_dataloader.dataset
    plain = load_config(str(file))
    assert plain.train_cfg.max_epochs == 4 and unwrapped(plain.train_dataloader.dataset).data_root == 'old'
    assert unwrapped(plain.test_dataloader.dataset) is plain.test_dataloader.dataset


def test_a_data_root_without_effect_is_an_error(file):
    file.write_text("train_dataloader = dict(dataset=dict(type='A'))")
    with pytest.raises(ValueError, match='data root /data has no effect: no data set in .*mine.py'):
        load_config(file, data_root='/data')


@pytest.mark.parametrize('load', [load_config, copied_config, lambda path: prepare_config(path, '', 0)])
def test_a_config_that_does_not_exist_is_named(load):
    with pytest.raises(FileNotFoundError, match='config nowhere.py does not exist'):
        load('nowhere.py')


def test_the_command_line_gives_work_dir_and_launcher(file, tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    cfg = config_of_args(
        parser.parse_args([str(file), '--launcher', 'slurm', '--cfg-options', 'train_cfg.max_epochs=3'])
    )
    assert (cfg.work_dir, cfg.launcher, cfg.train_cfg.max_epochs) == ('work_dirs/mine', 'slurm', 3)
    assert config_of_args(parser.parse_args([str(file), '--work-dir', 'w'])).work_dir == 'w'
    file.write_text(TEXT + "work_dir = 'own'")
    assert config_of_args(parser.parse_args([str(file)])).work_dir == 'own'


def test_a_given_config_is_not_changed(file):
    cfg = Config.fromfile(file)
    before = cfg.to_dict()
    set_epochs(copied_config(cfg), 1)
    assert cfg.to_dict() == before and cfg.train_cfg.max_epochs == 4


def test_a_checkpoint_is_a_file_or_a_url(file, tmp_path):
    for checkpoint in (file, str(file), 'https://example.com/a.pth', 's3://bucket/a.pth'):
        assert existing_checkpoint(checkpoint) == str(checkpoint)
    for folder_or_nothing in (tmp_path, tmp_path / 'no.pth'):
        with pytest.raises(FileNotFoundError, match='does not exist'):
            existing_checkpoint(folder_or_nothing)
    with pytest.raises(TypeError, match='checkpoint must be a path or URL, .* got None'):
        existing_checkpoint(None)


LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='sltnet_mm.PackLocalizationInputs')


def joined(*parts):
    return Config(dict(data=dict(type='ConcatDataset', datasets=list(parts)))).data


def test_all_parts_of_a_joined_data_set_are_moved(file):
    part = "dict(type='A', data_root='old')"
    file.write_text(
        "train_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=[dict(type='RepeatDataset', dataset="
        f"{part}), dict(type='KFoldDataset', fold=0, dataset={part}), {part}]))"
    )
    dataset = load_config(file, data_root='new').train_dataloader.dataset
    one, two, three = dataset.datasets
    assert [one.dataset.data_root, two.dataset.data_root, three.data_root] == ['new'] * 3


def test_wrappers_that_join_or_choose_are_refused_by_name():
    plain = dict(type='A')
    for wrapper in (
        joined(plain),
        dict(type='mmpretrain.KFoldDataset', dataset=plain),
        dict(type='RepeatDataset', dataset=dict(type='mmengine.ConcatDataset', datasets=[plain, plain])),
    ):
        with pytest.raises(ValueError, match=r'wrapped in (Concat|mmpretrain\.KFold|mmengine\.Concat)Dataset'):
            unwrapped(wrapper)
    assert unwrapped(dict(type='ClassBalancedDataset', dataset=plain)) is plain


def test_pipelines_are_found_and_replaced_in_wrappers():
    part = dict(type='A', pipeline=[LOAD, PACK])
    both = joined(part, dict(type='RepeatDataset', times=2, dataset=part))
    assert pipeline_of(both) == [LOAD, PACK] and loading_steps(both) == [LOAD]
    set_pipeline(both, [PACK])
    assert both.datasets[0].pipeline == both.datasets[1].dataset.pipeline == [PACK] and loading_steps(both) == []
    outside = Config(dict(data=dict(type='PseudoBoxDataset', dataset=dict(type='A'), pipeline=[LOAD]))).data
    set_pipeline(outside, [PACK])
    assert outside.pipeline == [PACK] and 'pipeline' not in outside.dataset
    with pytest.raises(ValueError, match='parts of ConcatDataset must have the same pipeline'):
        pipeline_of(joined(part, dict(type='A', pipeline=[LOAD])))
    assert pipeline_of(dict(type='A')) == []
